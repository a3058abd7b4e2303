/** A VM's live grant: when it ends and by whom, who asked, and what happens then. */
import { useIntl } from 'react-intl';
import type { Grant } from '../../shared/contract/grants.ts';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { Facts, Section } from '../components/Section.tsx';
import { When } from '../components/When.tsx';
import { extend, extendStepMs, revoke } from '../grants/actions.ts';
import { sourcesText } from '../i18n/source.ts';
import { Text, useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import css from './Details.module.css';

export function GrantFacts({ grant }: { grant: Grant }) {
  const intl = useIntl();
  const text = useText();
  const rules = grant.rules.flatMap(({ names, gateName }) => names.map(name => `${gateName}: ${name}`));
  // Only where a firewall maps the port: elsewhere it is the VM's own.
  const mapped = (grant.endpoints ?? []).map(({ port, host, hostPort }) => `${port}: ${host}:${hostPort}`);
  const asked = {
    owner: <Name>{grant.owner}</Name>,
    time: <When at={grant.requestedAt} as="clock" />,
    reason: <Name>{grant.reason ?? ''}</Name>,
  };
  return (
    <Section title={text('grant')}>
      <Facts
        facts={[
          [
            text('grant.ends'),
            <Text
              key="ends"
              id={`grant.endedBy.${grant.endedBy}`}
              values={{ time: <When at={grant.endsAt} as="clock" /> }}
            />,
          ],
          [
            text('grant.askedBy'),
            <Text
              key="asked"
              id={grant.reason === undefined ? 'grant.asked' : 'grant.askedWhy'}
              values={asked}
            />,
          ],
          [text('grant.from'), <Name key="from">{sourcesText(grant.sources)}</Name>],
          ...(mapped.length > 0
            ? [
                [
                  text('grant.connectTo'),
                  mapped.map(line => (
                    <div key={line}>
                      <Name>{line}</Name>
                    </div>
                  )),
                ] as const,
              ]
            : []),
          ...(rules.length > 0
            ? [
                [
                  text('grant.rules'),
                  rules.map(rule => (
                    <div key={rule}>
                      <Name>{rule}</Name>
                    </div>
                  )),
                ] as const,
              ]
            : []),
          [text('grant.after'), text('grant.sessions')],
        ]}
      />
      {grant.notes.map(note => (
        <p key={note} className={css.quiet}>
          <Name>{note}</Name>
        </p>
      ))}
      {grant.error !== undefined && <ErrorNote error={grant.error} />}
      <div className={css.grantActions}>
        {grant.state === 'open' && (
          <Button small onClick={() => extend(grant, text, intl)}>
            {text('grant.extend', { time: duration(intl, extendStepMs) })}
          </Button>
        )}
        <Button small onClick={() => revoke(grant, text)}>
          {text(grant.state === 'stuck' ? 'grant.retry' : 'grant.revoke')}
        </Button>
      </div>
    </Section>
  );
}
