/** The mark: two rails, joined by a plate with two bolts. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 32 32">
      <path d="M1 11h13.2v10H1zM17.8 11H31v10H17.8z" className="fill-ink-soft" opacity="0.75" />
      <rect x="6.5" y="13" width="19" height="6" rx="1.6" className="fill-plate" />
      <circle cx="11" cy="16" r="1.3" className="fill-surface" />
      <circle cx="21" cy="16" r="1.3" className="fill-surface" />
    </svg>
  );
}
