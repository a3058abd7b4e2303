/** Where and how far: the portal of IAM Identity Center, the regions, a server of one's own. */
import { Field } from '../components/Field.tsx';
import { useText } from '../i18n/text.tsx';
import type { AwsDraft } from './awsDraft.ts';
import css from './SignIn.module.css';

const example = {
  startUrl: 'https://contoso.awsapps.com/start',
  ssoRegion: 'eu-west-1',
  regions: 'eu-north-1, us-east-1',
  endpoint: '',
  caFile: '',
} as const;
type Name = keyof typeof example;

export function AwsFields({
  draft,
  onChange,
}: {
  draft: AwsDraft;
  onChange: (change: Partial<AwsDraft>) => void;
}) {
  const text = useText();
  const field = (name: Name) => (
    <Field
      key={name}
      label={text(`aws.${name}`)}
      hint={text(`aws.${name}.hint`)}
      placeholder={example[name]}
      maxLength={2048}
      required={name === 'startUrl' || name === 'ssoRegion'}
      value={draft[name]}
      onChange={event => onChange({ [name]: event.target.value })}
    />
  );
  return (
    <>
      {draft.way === 'sso' && (
        <div className={css.two}>
          {field('startUrl')}
          {field('ssoRegion')}
        </div>
      )}
      {field('regions')}
      <div className={css.two}>
        {field('endpoint')}
        {field('caFile')}
      </div>
    </>
  );
}
