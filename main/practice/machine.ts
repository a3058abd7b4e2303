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
  running(): boolean;
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

/** The running machines. */
export interface MachineNet {
  endpoints(): PracticeEndpoint[];
  /** `ssh-ed25519 AAAA…` public host keys of a machine, as its console log tells them. */
  hostKeys(id: string): string[];
  stop(): Promise<void>;
}
