/** The columns of the VM list: what each shows and how it sorts. */
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
} from '@tanstack/react-table';
import type { VmRow } from '../../shared/contract/vms.ts';
import { Name } from '../components/Name.tsx';
import { type MessageId, Text } from '../i18n/text.tsx';
import { byText } from '../state/vmList.ts';
import { AccessCell, ChangedMark, ConnectionCell, ReasonCell } from './cells.tsx';
import { ApprovedCell, LastAccessCell, LastUserCell } from './useCells.tsx';
import css from './VmGrid.module.css';

export const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const column = createColumnHelper<typeof features, VmRow>();

const accessOrder: VmRow['access'][] = ['open', 'exposed', 'shut', 'unknown', 'stopped'];
const sum = (days: readonly number[]): number => days.reduce((total, day) => total + day, 0);
const title = (id: MessageId) => () => <Text id={id} />;

const name = column.accessor('name', {
  header: title('vms.column.name'),
  cell: ({ row }) => (
    <span className={css.name}>
      <Name clip>{row.original.name}</Name>
      <ChangedMark row={row.original} />
    </span>
  ),
  sortFn: (a, b) => byText.compare(a.original.name, b.original.name),
});
const account = column.accessor('accountName', {
  header: title('vms.column.account'),
  cell: ({ row }) => <Name clip>{row.original.accountName}</Name>,
  sortFn: (a, b) => byText.compare(a.original.accountName, b.original.accountName),
});
const access = column.accessor('access', {
  header: title('vms.column.access'),
  cell: ({ row }) => <AccessCell row={row.original} />,
  sortFn: (a, b) => accessOrder.indexOf(a.original.access) - accessOrder.indexOf(b.original.access),
});
const connection = column.accessor('gate', {
  header: title('vms.column.connection'),
  cell: ({ row }) => <ConnectionCell row={row.original} />,
  sortFn: (a, b) => byText.compare(a.original.gate, b.original.gate),
});
const approved = column.accessor('week', {
  header: title('vms.column.approved'),
  cell: ({ row }) => <ApprovedCell row={row.original} />,
  sortFn: (a, b) => sum(a.original.week) - sum(b.original.week),
  sortDescFirst: true,
});
const last = column.accessor('lastAccess', {
  header: title('vms.column.last'),
  cell: ({ row }) => <LastAccessCell row={row.original} />,
  sortFn: (a, b) => (a.original.lastAccess ?? '').localeCompare(b.original.lastAccess ?? ''),
  sortDescFirst: true,
});
const lastUser = column.accessor('lastUser', {
  header: title('vms.column.lastUser'),
  cell: ({ row }) => <LastUserCell row={row.original} />,
  sortFn: (a, b) => byText.compare(a.original.lastUser ?? '', b.original.lastUser ?? ''),
});
const reason = column.accessor('reason', {
  header: title('vms.column.reason'),
  cell: ({ row }) => <ReasonCell row={row.original} />,
  enableSorting: false,
});

/** Configured VMs show who used them (their account is in the heading of their group); the others show why they are where they are. */
export const columnsOf = {
  configured: column.columns([name, access, approved, last, connection, lastUser]),
  'not-configured': column.columns([name, account, access, connection, reason]),
  unsupported: column.columns([name, account, access, reason]),
} as const;
