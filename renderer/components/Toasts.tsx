/** Where toasts appear. Base UI announces them politely. */
import { Toast } from '@base-ui/react/toast';
import { useText } from '../i18n/text.tsx';
import { IconButton } from './Button.tsx';
import { Icon } from './icons.tsx';
import css from './Toasts.module.css';

export function Toasts() {
  const text = useText();
  const { toasts } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport className={css.viewport}>
        {toasts.map(toast => (
          <Toast.Root key={toast.id} toast={toast} className={css.toast}>
            <Toast.Content className={css.content}>
              <span className={toast.type === 'failed' ? css.failed : css.done}>
                <Icon name={toast.type === 'failed' ? 'warn' : 'check'} size={16} />
              </span>
              <div className={css.words}>
                <Toast.Title className={css.title} render={<div />} />
                <Toast.Description className={css.description} />
              </div>
              <Toast.Close render={<IconButton icon="close" label={text('close')} />} />
            </Toast.Content>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}
