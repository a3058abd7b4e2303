import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Short files that take long, since they start processes again and again: vitest would begin with the longest text. */
const slow = /\/test\/(?:crash|contract|doneWhen)\//;

/** The order of test files: what takes longest begins first, so that no core waits for it at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(slow.test(b.moduleId)) - Number(slow.test(a.moduleId)));
  }
}
