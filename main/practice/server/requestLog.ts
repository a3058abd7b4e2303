/** What the practice cloud was asked, for tests and for people who want to see what a client does. */

export interface LoggedRequest {
  /** Epoch milliseconds at which it came in. */
  at: number;
  cloud: 'azure' | 'aws';
  method: string;
  /** Path with query, as it was sent. */
  path: string;
  /** The AWS action (`DescribeInstances`), where there is one. */
  action?: string | undefined;
  /** 0 while there is no answer, and for good when the connection was dropped. */
  status: number;
}

const kept = 20_000;

/** Keeps the newest 20,000 requests. The control interface's own requests are not among them. */
export class RequestLog {
  #requests: LoggedRequest[] = [];

  add(request: LoggedRequest): void {
    this.#requests.push(request);
    if (this.#requests.length > 2 * kept) this.#requests = this.#requests.slice(-kept);
  }

  list(): LoggedRequest[] {
    return this.#requests.slice(-kept);
  }

  clear(): void {
    this.#requests = [];
  }
}
