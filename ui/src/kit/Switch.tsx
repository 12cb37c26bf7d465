import { Switch as Radix } from "radix-ui";

/** Something that is on or off, and takes effect at once. */
export function Switch({
  name,
  checked,
  onChange,
  disabled,
}: {
  name: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <Radix.Root
      aria-label={name}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled ?? false}
      className="relative h-4.5 w-8 shrink-0 rounded-full border border-line-strong bg-sunken transition-colors data-[state=checked]:border-good data-[state=checked]:bg-good disabled:opacity-50"
    >
      <Radix.Thumb className="block size-3 translate-x-0.5 rounded-full bg-ink-faint transition-transform duration-100 data-[state=checked]:translate-x-4 data-[state=checked]:bg-surface" />
    </Radix.Root>
  );
}
