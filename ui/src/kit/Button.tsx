import { clsx } from "clsx";
import type { ComponentProps, ReactNode } from "react";

import { Tip } from "./Tip";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-accent-ink hover:brightness-110 shadow-low",
  plain: "bg-surface text-ink border border-line-strong hover:bg-sunken shadow-low",
  quiet: "text-ink-soft hover:bg-sunken hover:text-ink",
  danger: "bg-surface text-bad border border-line-strong hover:bg-bad-soft",
};

export interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
  icon?: ReactNode;
  /** Work is under way: the button waits and says so. */
  busy?: boolean;
  /** Why it cannot be used now. It stays visible and can be focused, so that the reason can be read. */
  refused?: string | undefined;
}

/** A button. It is never hidden for want of a right or a state: it says why instead. */
export function Button({ look = "plain", icon, busy, refused, className, children, onClick, ...rest }: ButtonProps) {
  const still = refused !== undefined || busy === true;
  const button = (
    <button
      type="button"
      {...rest}
      aria-disabled={still || undefined}
      aria-busy={busy}
      onClick={still ? (event) => { event.preventDefault(); } : onClick}
      className={clsx(
        "inline-flex h-7 shrink-0 items-center justify-center gap-1.5 rounded-base px-2.5 font-medium whitespace-nowrap transition-[background,filter] duration-100",
        LOOKS[look],
        still && "cursor-not-allowed opacity-55",
        className,
      )}
    >
      {busy === true ? <Spinner /> : icon}
      {children}
    </button>
  );
  return refused === undefined ? button : <Tip text={refused}>{button}</Tip>;
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  /** Its accessible name, shown as a tip too. */
  name: string;
  icon: ReactNode;
  /** Keys that do the same. */
  keys?: string;
}

/** A button that is only a picture; its name is a tip. */
export function IconButton({ name, icon, keys, refused, look = "quiet", className, ...rest }: IconButtonProps) {
  return (
    <Tip text={refused ?? name} keys={refused === undefined ? keys : undefined}>
      <Button look={look} aria-label={name} icon={icon} className={clsx("w-7 px-0!", className)} {...rest} {...(refused === undefined ? {} : { "aria-disabled": true })} />
    </Tip>
  );
}

/** A small turning ring. */
export function Spinner() {
  return <span aria-hidden className="size-3.5 animate-spin rounded-full border-2 border-current border-r-transparent" />;
}
