/**
 * What a practice machine is told about itself by the emulated cloud it stands in. The clouds (arm/, ec2/) make these
 * from their worlds; machines/ turns each into real listeners and asks `lets` for every single connection.
 */
export interface PracticeMachine {
  /** As the broker names it: ARM id in lower case, or instance ARN. */
  id: string;
  /** The name it tells as its host name, made safe for a terminal. */
  hostName: string;
  os: 'linux' | 'windows';
  /** Which services listen, by port: 22 → ssh, 3389 → rdp, 5985/5986 → a plain TCP banner. */
  services: { port: number; speaks: 'ssh' | 'rdp' | 'http' }[];
  /** True for machines that are reached over IPv6 only: their listener is on ::1. */
  ipv6Only: boolean;
  /** Does a listener stand for this port of it? Default: for all. Firewalls lead to the others. */
  listens?(port: number): boolean;
  running(): boolean;
  /** Only the keys that `takesKey` knows get in; default: anybody does. */
  onlyKeys?(): boolean;
  /** Is this a key that was put on it for the user, and good at this moment? `key`: the base64 text. */
  takesKey?(user: string, key: string): boolean;
  /** Would the emulated network let a new TCP connection from `source` (address text) through to `port` at this moment? */
  lets(source: string, port: number): boolean;
}

/** Where a machine's port really listens. */
export interface PracticeEndpoint {
  id: string;
  port: number;
  host: string;
  hostPort: number;
}

/** What the emulated cloud's firewalls do with connections to their public addresses. */
export interface PracticeFirewalls {
  /** Every address and port that some rule is about now. */
  ports(): { address: string; port: number }[];
  /** Where a connection goes at this moment: the machine's id and port, and whether it gets through. Undefined: dropped. */
  way(
    address: string,
    port: number,
    source: string,
  ): { machine: string | undefined; port: number; through: boolean } | undefined;
}

/** Where a firewall's port really listens. */
export interface MappedEndpoint {
  address: string;
  port: number;
  host: string;
  hostPort: number;
}

/** The running machines. */
export interface MachineNet {
  endpoints(): PracticeEndpoint[];
  /** The ports of firewalls that listen. */
  mapped?(): MappedEndpoint[];
  /** Listens for a firewall's address and port from now on, if nothing does yet. */
  expose?(address: string, port: number): void;
  /** `ssh-ed25519 AAAA…` public host keys of a machine, as its console log tells them. */
  hostKeys(id: string): string[];
  stop(): Promise<void>;
}
