/** The parameters of a Query API request: `Filter.1.Value.2=x` as a tree. */
import { badValue, missing } from './errors.ts';

interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/** One level of the parameters. */
export class Params {
  readonly #node: Node;

  private constructor(node: Node) {
    this.#node = node;
  }

  /** Reads a form-encoded text. Where a name comes twice, the last one counts. */
  static parse(form: string): Params {
    const root: Node = { children: new Map() };
    for (const [name, value] of new URLSearchParams(form)) {
      let node = root;
      for (const part of name.split('.')) {
        let child = node.children.get(part);
        if (!child) {
          child = { children: new Map() };
          node.children.set(part, child);
        }
        node = child;
      }
      node.value = value;
    }
    return new Params(root);
  }

  has(name: string): boolean {
    return this.#node.children.has(name);
  }

  text(name: string): string | undefined {
    return this.#node.children.get(name)?.value;
  }

  /** Throws MissingParameter. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw missing(name);
    return value;
  }

  /** Throws InvalidParameterValue unless it is a whole number. */
  int(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/.test(value)) {
      throw badValue(`Invalid value '${value}' for ${name}. It must be an integer.`);
    }
    return Number(value);
  }

  flag(name: string): boolean {
    return this.text(name)?.toLowerCase() === 'true';
  }

  /** `Name.1`, `Name.2` … as texts, in the order of their numbers. */
  texts(name: string): string[] {
    return this.#numbered(name).flatMap(node => (node.value === undefined ? [] : [node.value]));
  }

  /** `Name.1.…`, `Name.2.…` as parameters of their own. */
  list(name: string): Params[] {
    return this.#numbered(name).map(node => new Params(node));
  }

  /** `Name.…` as parameters of their own. */
  under(name: string): Params {
    return new Params(this.#node.children.get(name) ?? { children: new Map() });
  }

  #numbered(name: string): Node[] {
    const node = this.#node.children.get(name);
    if (!node) return [];
    return [...node.children.entries()]
      .filter(([key]) => /^\d{1,6}$/.test(key))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, child]) => child);
  }
}
