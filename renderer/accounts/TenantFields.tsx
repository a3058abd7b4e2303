/** Which tenant, and as which application: both may be left empty. */
import { Field } from '../components/Field.tsx';
import { useText } from '../i18n/text.tsx';
import css from './SignIn.module.css';

export function TenantFields({
  tenant,
  clientId,
  onChange,
}: {
  tenant: string;
  clientId: string;
  onChange: (change: { tenant?: string; clientId?: string }) => void;
}) {
  const text = useText();
  return (
    <div className={css.two}>
      <Field
        label={text('signIn.tenant')}
        hint={text('signIn.tenant.hint')}
        placeholder={text('signIn.tenant.example')}
        maxLength={256}
        value={tenant}
        onChange={event => onChange({ tenant: event.target.value })}
      />
      <Field
        label={text('signIn.client')}
        hint={text('signIn.client.hint')}
        maxLength={256}
        code
        value={clientId}
        onChange={event => onChange({ clientId: event.target.value })}
      />
    </div>
  );
}
