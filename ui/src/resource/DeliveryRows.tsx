import { Link } from "@tanstack/react-router";

import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { count } from "@/kit/times";

import { progressOf, type Delivery } from "./deliveries";

interface Props {
  deliveries: readonly Delivery[];
  onOpen: (delivery: Delivery) => void;
  /** To whom and for whom is said, too: the log is not that of one subscriber. */
  wide?: boolean;
}

/** Deliveries, one a line; a line opens all that is known of it. */
export function DeliveryRows({ deliveries, onOpen, wide = false }: Props) {
  return (
    <Table label="Deliveries" head={<><Th>Event</Th>{wide ? <><Th>Subscriber</Th><Th>Customer</Th></> : null}<Th>State</Th><Th>Tries</Th><Th>Posted</Th><Th>Answer</Th></>}>
      {deliveries.map((delivery) => {
        const { tone, word } = progressOf(delivery);
        return (
          <Tr key={`${delivery.message} ${delivery.subscriber}`} className="cursor-pointer" onClick={() => { onOpen(delivery); }}>
            <Td>
              <button type="button" className="text-left font-medium whitespace-nowrap hover:underline" onClick={(event) => { event.stopPropagation(); onOpen(delivery); }}>{delivery.event}</button>
            </Td>
            {wide ? (
              <>
                <Td><Link to="/webhooks/subscribers/$name" params={{ name: delivery.subscriber }} className="hover:underline" onClick={(event) => { event.stopPropagation(); }}>{delivery.subscriber}</Link></Td>
                <Td className="text-ink-soft">{delivery.customer === "" ? "everybody" : delivery.customer}</Td>
              </>
            ) : null}
            <Td><Badge tone={tone}>{word}</Badge></Td>
            <Td className="tabular-nums">{count(delivery.attempts)}</Td>
            <Td className="text-ink-soft"><Time at={delivery.createdAt} /></Td>
            <Td className="max-w-72 text-ink-soft">
              <span className="line-clamp-1">{delivery.reason ?? (delivery.answered == null ? "" : `answered ${String(delivery.answered)}`)}</span>
              {delivery.dueAt == null || delivery.attempts === 0 ? null : <span className="block text-small text-ink-faint">next try <Time at={delivery.dueAt} /></span>}
            </Td>
          </Tr>
        );
      })}
    </Table>
  );
}
