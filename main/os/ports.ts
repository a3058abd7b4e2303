/**
 * The operating system as the broker sees it. The real ones are beside this file; tests give the broker a clock they
 * turn by hand and everything else real. Nothing outside `main/os` (and the practice cloud) touches these things directly.
 */

/** Milliseconds since 1970-01-01T00:00Z. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Calls back once after `ms` (0 and less: soon). Timers never keep the process alive. */
  after(ms: number, run: () => void): Disposable;
}

export interface Random {
  /** `bytes` random bytes, fit for secrets. */
  bytes(bytes: number): Uint8Array;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}
export interface Http {
  /**
   * GET. `ca` adds a certificate authority (PEM). `family` forces IPv4 or IPv6. `proxy`: through the system's proxy.
   * `bearer`: a token to send along. Body cut at `longestBody` bytes, 64 KiB unless told.
   */
  get(
    url: string,
    options: {
      ca?: string;
      family?: 4 | 6;
      proxy?: boolean;
      bearer?: string;
      longestBody?: number;
      timeoutMs: number;
      signal?: AbortSignal;
    },
  ): Promise<HttpAnswer>;
  /** True if the system names a proxy for HTTPS, so that `proxy` makes a difference. */
  hasProxy(): boolean;
}

export interface Tcp {
  /**
   * Connects, optionally sends `hello`, and gives the first bytes that come back (at most 1 KiB).
   * Rejects with an Error whose `code` is ECONNREFUSED, ECONNRESET, ETIMEDOUT … as Node names them.
   */
  firstBytes(
    host: string,
    port: number,
    options: { hello?: Uint8Array; timeoutMs: number; signal?: AbortSignal },
  ): Promise<Uint8Array>;
}

export interface Processes {
  /** The full path of the first program found on PATH, or undefined. */
  find(names: string[]): Promise<string | undefined>;
  /** Starts a program that lives on by itself (a terminal, an RDP client). Never through a shell. Rejects if it can't start or leaves at once with a failure. */
  launch(argv: string[], options?: { env?: Record<string, string> }): Promise<{ pid: number }>;
  /** Runs a program to its end and gives what it printed (each at most 1 MiB). */
  run(
    argv: string[],
    options: { timeoutMs: number; input?: string },
  ): Promise<{ status: number | null; stdout: string; stderr: string }>;
  readonly platform: 'linux' | 'darwin' | 'win32';
}

export interface Files {
  readText(path: string): Promise<string | undefined>;
  /** Writes whole or not at all (temporary file, fsync, rename); mode 0600. */
  writeText(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Makes the folder with mode 0700. */
  ensureFolder(path: string): Promise<void>;
}

export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;
/** A synchronous SQLite database. Errors: DISK_FULL, LEDGER_DAMAGED as LatchkeyError, anything else as thrown. */
export interface Database extends Disposable {
  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number };
  all(sql: string, ...values: SqlValue[]): SqlRow[];
  /** Rows one by one: for exports. */
  each(sql: string, ...values: SqlValue[]): Iterable<SqlRow>;
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined;
  /** All or nothing, durable when it returns (WAL, synchronous=FULL). */
  transaction<T>(work: () => T): T;
}
export interface Databases {
  /** Opens (and makes) a database file. Checks it; throws LEDGER_DAMAGED when SQLite says it is not sound. */
  open(path: string): Database;
}

/** The system's keychain: secrets under names, for this user alone. All methods throw NO_KEYCHAIN where there is none or it stays locked. */
export interface Keychain {
  read(name: string): Promise<string | undefined>;
  write(name: string, secret: string): Promise<void>;
  /** Removing what is not there is no error. */
  remove(name: string): Promise<void>;
}

export interface OpenKeyAgent {
  /** Where it listens, for ssh's `IdentityAgent`. */
  readonly path: string;
  /** `ssh-ed25519 AAAA… latchkey` */
  readonly publicKey: string;
}
/** A key of this process alone, in memory, and the SSH agent that proves it. */
export interface KeyAgent {
  /** Starts it where it is not there yet. */
  open(): Promise<OpenKeyAgent>;
  close(): void;
}

export interface Browser {
  /** Shows an address in the person's browser; false where there is none to start. */
  open(url: string): Promise<boolean>;
}

/** An address on loopback that a browser is sent back to after a sign-in. */
export interface Redirect extends AsyncDisposable {
  /** `http://localhost:<port>` */
  readonly url: string;
  /** The fields of the first answer that carries our `state`; others get a page that says so, and nothing else. */
  readonly arrived: Promise<{ fields: Record<string, string>; show(page: RedirectPage): void }>;
}
/** What the browser shows at the end, in plain words. */
export interface RedirectPage {
  title: string;
  text: string;
}
export interface Redirects {
  /** Listens on loopback alone, on a port that nobody else has in either address family. */
  open(state: string): Promise<Redirect>;
}

export interface Network {
  /** Calls back when the machine's addresses change (also after sleep). */
  onChange(run: () => void): Disposable;
}

export interface Power {
  /** Calls back after the machine woke up: detected from the clock's jump, or told by the desktop. */
  onResume(run: () => void): Disposable;
}

export interface Logger {
  info(fields: Record<string, unknown>, text: string): void;
  warn(fields: Record<string, unknown>, text: string): void;
  error(fields: Record<string, unknown>, text: string): void;
}

/** The practice cloud of this data directory, as another process. */
export interface PracticeDoor {
  /** Where it listens; starts it in the background where it does not run. */
  ensure(): Promise<PracticeInfo>;
  /** As `ensure`, but undefined instead of starting it. */
  find(): Promise<PracticeInfo | undefined>;
}
/** What `latchkey practice --json` prints as its first line. */
export interface PracticeInfo {
  azure: { armEndpoint: string; token: string; tenantId: string; subscriptionIds: string[] };
  aws: { endpoint: string; accessKeyId: string; secretAccessKey: string; regions: string[] };
  caFile: string;
  /** HTTPS addresses that answer with the caller's address; IPv4 and IPv6. */
  observers: string[];
  /** HTTPS base of the control interface (`/network`, `/faults`, `/requests`); takes the same token. */
  control: string;
}

/** Everything of the operating system that the broker is given. */
export interface Os {
  clock: Clock;
  random: Random;
  http: Http;
  tcp: Tcp;
  processes: Processes;
  files: Files;
  databases: Databases;
  keychain: Keychain;
  keyAgent: KeyAgent;
  browser: Browser;
  redirects: Redirects;
  network: Network;
  power: Power;
  log: Logger;
  practice: PracticeDoor;
  /** The signed-in person of this computer, for the activity. */
  userName: string;
}
