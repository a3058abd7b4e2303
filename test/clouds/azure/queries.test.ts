/** Every KQL text of the adapter, read by Microsoft's own language service. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { queries } from '../../../main/clouds/azure/queries.ts';

/** Columns of the `resources` table (learn.microsoft.com, “Understanding the Azure Resource Graph query language”). */
const schema =
  `(id: string, name: string, type: string, tenantId: string, ['kind']: string, location: string, resourceGroup: string, ` +
  'subscriptionId: string, managedBy: string, sku: dynamic, plan: dynamic, properties: dynamic, tags: dynamic, ' +
  'identity: dynamic, zones: dynamic, extendedLocation: dynamic)';

/** As much of the language service (a C# library made into JavaScript, which puts itself into the global scope) as is asked here. */
interface Service {
  Kusto: {
    Language: {
      GlobalState: { Default: { WithDatabase(database: object): object } };
      KustoCode: { ParseAndAnalyze(text: string, globals: object): { GetDiagnostics(): object } };
      Symbols: {
        TableSymbol: { From(schema: string): { WithName(name: string): object } };
        DatabaseSymbol: { $ctor1: new (name: string, members: object, isOpen: boolean) => object };
      };
    };
  };
  Bridge: { toArray(list: object): { Message: string; Start: number }[] };
  System: { Array: { init(values: object[], type: unknown): object } };
}

function complaints(): (text: string) => string[] {
  const require = createRequire(import.meta.url);
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
  const { Kusto, Bridge, System } = globalThis as unknown as Service;
  const { Symbols, GlobalState, KustoCode } = Kusto.Language;
  const table = Symbols.TableSymbol.From(schema).WithName('resources');
  const members = System.Array.init([table], Symbols.TableSymbol);
  const globals = GlobalState.Default.WithDatabase(
    new Symbols.DatabaseSymbol.$ctor1('graph', members, false),
  );
  return text =>
    Bridge.toArray(KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics()).map(
      ({ Start, Message }) => `${Start}: ${Message}`,
    );
}

const wrongWith = complaints();

it.each(Object.entries(queries))('the query of %s is right in every word, and pages', (_name, text) => {
  expect(wrongWith(text)).toEqual([]);
  expect(text).toMatch(/\| project id\b.*\| order by id asc$/);
  expect(text).not.toMatch(/\|\s*(take|limit)\b/);
});

it.each([
  "resources | where type =~ 'x' | project id, nics = properties.network profile",
  'resources | where typ =~ "x" | project id | order by id asc',
  'resource | project id',
  "resources | where type =~ 'x | project id",
  'resources | projekt id',
])('a mistake is found: %s', text => {
  expect(wrongWith(text)).not.toEqual([]);
});

it('no other file of the adapter holds a query', () => {
  const folder = join(import.meta.dirname, '../../../main/clouds/azure');
  const others = readdirSync(folder).filter(name => name.endsWith('.ts') && name !== 'queries.ts');
  expect(others.length).toBeGreaterThan(10);
  const holding = others.filter(name =>
    /\|\s*(where|project|extend|mv-expand)\s/.test(readFileSync(join(folder, name), 'utf8')),
  );
  expect(holding).toEqual([]);
});
