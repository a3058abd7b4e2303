/** What both ways to ask a person have to know. */
export interface Wanted {
  authority: string;
  scope: string;
  /** Whose sign-in it is, where it is one again. */
  user: string | undefined;
  /** What a claims challenge asks for (JSON). */
  claims: string | undefined;
  /** Entra has a list of users to choose from, and gives out what renews tokens to whoever asks. */
  isEntra: boolean;
}
