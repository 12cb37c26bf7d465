import { useId, type ReactNode } from "react";

import type { Problem } from "@/api/problem";

import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { ProblemText } from "./States";

interface Props {
  title: string;
  description?: string | undefined;
  wide?: boolean;
  /** What the button says that sends it. */
  act: ReactNode;
  look?: "primary" | "danger";
  icon?: ReactNode;
  /** Why it cannot be sent now. */
  refused?: string | undefined;
  /** It is being sent, and is not sent twice. */
  busy: boolean;
  /** What was wrong with it, as far as no field says so. */
  problems?: readonly Problem[];
  onSend: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** A dialog with a form: Enter in a field and the button send it, Escape and the other button leave it. */
export function FormDialog({ title, description, wide, act, look = "primary", icon, refused, busy, problems = [], onSend, onClose, children }: Props) {
  const id = useId();
  return (
    <Dialog
      title={title}
      {...(description === undefined ? {} : { description })}
      open
      wide={wide === true}
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button form={id} type="submit" look={look} icon={icon} busy={busy} refused={refused}>{act}</Button>
        </>
      }
    >
      <form
        id={id}
        // What is wrong with a field is said at the field, in our words.
        noValidate
        className="flex flex-col gap-4 pt-1"
        onSubmit={(event) => {
          event.preventDefault();
          // A dialog of a form is none of its fields.
          event.stopPropagation();
          if (refused === undefined && !busy) onSend();
        }}
      >
        {children}
        {problems.map((problem, index) => <div key={index} role="alert"><ProblemText problem={problem} /></div>)}
      </form>
    </Dialog>
  );
}
