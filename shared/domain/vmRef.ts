/** Which VM a person means by what they typed. */
import { LatchkeyError } from '../errors.ts';
import { fold } from './fold.ts';
import { showName } from './hostile.ts';

interface Named {
  id: string;
  name: string;
}

/** So many candidates are told. */
const few = 10;

/**
 * The VM that `ref` means: its full id (ARM ids in any case, ARNs), an EC2 instance id, or its name in any case. The
 * first of these kinds that fits decides, so a VM named like another one's id never shadows it. Throws VM_NOT_FOUND with
 * near names, VM_AMBIGUOUS with the candidates in `detail`.
 */
export function resolveVm<T extends Named>(ref: string, vms: Iterable<T>): T {
  const all = [...vms];
  const wanted = ref.trim();
  const lower = wanted.toLowerCase();
  const byId = all.find(vm => vm.id.toLowerCase() === lower);
  if (byId !== undefined) return byId;
  const byInstance = /^i-[0-9a-f]+$/.test(lower)
    ? all.filter(vm => vm.id.endsWith(`:instance/${lower}`))
    : [];
  if (byInstance.length > 0) return only(byInstance, ref);
  const exact = all.filter(vm => vm.name === ref);
  if (exact.length === 1) return only(exact, ref);
  const anyCase = all.filter(vm => vm.name === ref || vm.name.toLowerCase() === lower);
  if (anyCase.length > 0) return only(anyCase, ref);
  throw notFound(all, ref);
}

function only<T extends Named>(found: T[], ref: string): T {
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new LatchkeyError({
    code: 'VM_AMBIGUOUS',
    message: `${found.length} VMs are called “${showName(ref)}”.`,
    fix: `Name one by its full id: ${found
      .slice(0, few)
      .map(vm => vm.id)
      .join(' or ')}`,
    detail: { candidates: found.map(({ id, name }) => ({ id, name })) },
  });
}

function notFound(vms: Named[], ref: string): LatchkeyError {
  const wanted = fold(ref.trim());
  const near = vms
    .map(vm => ({ name: vm.name, far: distance(fold(vm.name), wanted) }))
    .filter(({ far }) => far <= Math.max(2, Math.floor(wanted.length / 3)))
    .toSorted((a, b) => a.far - b.far);
  const names = [...new Set(near.map(({ name }) => name))].slice(0, 5);
  return new LatchkeyError({
    code: 'VM_NOT_FOUND',
    message: `There is no VM “${showName(ref.slice(0, 200))}”.`,
    fix:
      names.length > 0
        ? `Did you mean ${names.map(showName).join(' or ')}?`
        : '`latchkey vms` lists them; `--refresh` asks the clouds again.',
    detail: { near: names },
  });
}

/** 0 for a start or part of the name, else the Levenshtein distance (names cut at 64 characters). */
function distance(name: string, wanted: string): number {
  if (wanted.length >= 3 && name.includes(wanted)) return 0;
  const a = name.slice(0, 64);
  const b = wanted.slice(0, 64);
  if (Math.abs(a.length - b.length) > 21) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const swap = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
