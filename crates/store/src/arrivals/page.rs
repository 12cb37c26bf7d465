//! Arrivals packed into one value.
//!
//! First a byte: 0 for plain, 1 for LZ4, which the plain length follows (4 bytes, little endian). Plain are the arrivals
//! one after the other: id (16 bytes, big endian), verdict (1), 1 and the run's id or 0, then texts and bytes, each with
//! its length in front (4 bytes, little endian; all ones for none), and the number of the workflows that an endpoint gave
//! it to (4 bytes), each with its run.

use bytes::Bytes;
use model::{ArrivalId, RunId, ScopeId};

use super::{Arrival, ArrivalVerdict};
use crate::Error;

/// Smaller pages stay plain.
const WORTH_PACKING: usize = 512;
/// Largest plain page that is read.
const MOST: usize = 64 << 20;
const PLAIN: u8 = 0;
const LZ4: u8 = 1;
const NONE: u32 = u32::MAX;

/// Arrivals of one scope as one value.
pub(super) fn pack(arrivals: &[Arrival]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(1 + arrivals.iter().map(size).sum::<usize>());
    plain.push(PLAIN);
    for arrival in arrivals {
        put_all(&mut plain, arrival);
    }
    if plain.len() <= WORTH_PACKING {
        return plain;
    }
    let mut packed = vec![0; 5 + lz4_flex::block::get_maximum_output_size(plain.len() - 1)];
    packed[0] = LZ4;
    packed[1..5].copy_from_slice(&length(plain.len() - 1).to_le_bytes());
    match lz4_flex::block::compress_into(&plain[1..], &mut packed[5..]) {
        Ok(written) if 5 + written < plain.len() => {
            packed.truncate(5 + written);
            packed
        }
        _ => plain,
    }
}

/// The arrivals of a value, in the order in which they were packed.
pub(super) fn unpack(scope: ScopeId, packed: &[u8]) -> Result<Vec<Arrival>, Error> {
    let unpacked;
    let mut rest = match packed.split_first() {
        Some((&PLAIN, plain)) => plain,
        Some((&LZ4, rest)) => {
            let (raw, rest) = rest.split_at_checked(4).ok_or_else(damaged)?;
            let raw = u32::from_le_bytes(raw.try_into().map_err(|_| damaged())?) as usize;
            if raw > MOST {
                return Err(damaged());
            }
            unpacked = lz4_flex::block::decompress(rest, raw).map_err(|_| damaged())?;
            &unpacked
        }
        _ => return Err(damaged()),
    };
    let mut arrivals = Vec::new();
    while !rest.is_empty() {
        arrivals.push(take_all(&mut rest, scope)?);
    }
    Ok(arrivals)
}

/// About how many bytes an arrival takes.
pub(super) fn size(arrival: &Arrival) -> usize {
    let texts = [&arrival.workflow, &arrival.node, &arrival.method, &arrival.target, &arrival.headers, &arrival.sender];
    let lengths = texts.iter().map(|text| text.len()).sum::<usize>();
    let optional = [arrival.code.as_ref().map_or(0, String::len), arrival.reason.as_ref().map_or(0, String::len)];
    let runs = arrival.runs.iter().map(|(workflow, _)| 20 + workflow.len()).sum::<usize>() + arrival.endpoint.len();
    34 + 11 * 4 + lengths + runs + optional.iter().sum::<usize>() + arrival.body.as_ref().map_or(0, Bytes::len)
}

fn put_all(plain: &mut Vec<u8>, arrival: &Arrival) {
    plain.extend(arrival.id.0.to_be_bytes());
    plain.push(arrival.verdict as u8);
    plain.push(u8::from(arrival.run.is_some()));
    plain.extend(arrival.run.iter().flat_map(|run| run.0.to_be_bytes()));
    for text in [&arrival.workflow, &arrival.node, &arrival.method, &arrival.target, &arrival.headers, &arrival.sender]
    {
        put(plain, Some(text.as_bytes()));
    }
    put(plain, arrival.code.as_deref().map(str::as_bytes));
    put(plain, arrival.reason.as_deref().map(str::as_bytes));
    put(plain, arrival.body.as_deref());
    put(plain, Some(arrival.endpoint.as_bytes()));
    plain.extend(length(arrival.runs.len()).to_le_bytes());
    for (workflow, run) in &arrival.runs {
        put(plain, Some(workflow.as_bytes()));
        plain.extend(run.0.to_be_bytes());
    }
}

fn take_all(rest: &mut &[u8], scope: ScopeId) -> Result<Arrival, Error> {
    let id = ArrivalId(take_id(rest)?);
    let verdict = ArrivalVerdict::read(i64::from(take_byte(rest)?))?;
    let run = match take_byte(rest)? {
        0 => None,
        _ => Some(RunId(take_id(rest)?)),
    };
    let mut text = || take_text(rest)?.ok_or_else(damaged);
    let (workflow, node, method, target, headers, sender) = (text()?, text()?, text()?, text()?, text()?, text()?);
    let (code, reason) = (take_text(rest)?, take_text(rest)?);
    let body = take(rest)?.map(Bytes::copy_from_slice);
    let endpoint = take_text(rest)?.ok_or_else(damaged)?;
    let (count, after) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    *rest = after;
    let mut runs = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        runs.push((take_text(rest)?.ok_or_else(damaged)?, RunId(take_id(rest)?)));
    }
    Ok(Arrival {
        scope,
        id,
        workflow,
        node,
        method,
        target,
        headers,
        sender,
        body,
        verdict,
        code,
        reason,
        run,
        endpoint,
        runs,
    })
}

fn put(plain: &mut Vec<u8>, bytes: Option<&[u8]>) {
    plain.extend(bytes.map_or(NONE, |bytes| length(bytes.len())).to_le_bytes());
    plain.extend(bytes.unwrap_or_default());
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Error> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    *rest = after;
    match u32::from_le_bytes(*length) {
        NONE => Ok(None),
        length => {
            let (bytes, after) = rest.split_at_checked(length as usize).ok_or_else(damaged)?;
            *rest = after;
            Ok(Some(bytes))
        }
    }
}

fn take_text(rest: &mut &[u8]) -> Result<Option<String>, Error> {
    take(rest)?.map(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| damaged())).transpose()
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, Error> {
    let (byte, after) = rest.split_first().ok_or_else(damaged)?;
    *rest = after;
    Ok(*byte)
}

fn take_id(rest: &mut &[u8]) -> Result<u128, Error> {
    let (id, after) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
    *rest = after;
    Ok(u128::from_be_bytes(*id))
}

/// Nothing here is larger than what a request may have.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NONE)
}

fn damaged() -> Error {
    Error::Corrupt("a page of arrivals cannot be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(number: u64) -> Arrival {
        let refused = number.is_multiple_of(3);
        Arrival {
            scope: ScopeId(7),
            id: ArrivalId::from_parts(1_700_000_000_000 + number, number.into()),
            workflow: "orders".into(),
            node: "Shop".into(),
            method: "POST".into(),
            target: format!("/hooks/main/prod/orders?n={number}"),
            headers: r#"[["content-type","application/json"]]"#.into(),
            sender: "127.0.0.1".into(),
            body: (number.is_multiple_of(2)).then(|| Bytes::from(format!("{{\"n\":{number}}}"))),
            verdict: if refused { ArrivalVerdict::Refused } else { ArrivalVerdict::Accepted },
            code: refused.then(|| "FP0602".into()),
            reason: refused.then(String::new),
            run: (!refused).then(|| RunId(number.into())),
            endpoint: if number.is_multiple_of(5) { "shop".into() } else { String::new() },
            runs: if number.is_multiple_of(5) { vec![("audit".into(), RunId(9))] } else { Vec::new() },
        }
    }

    #[test]
    fn pages_are_read_as_they_were_packed_and_many_alike_take_little_room() {
        for count in [0_u64, 1, 2, 300] {
            let all: Vec<Arrival> = (0..count).map(arrival).collect();
            let packed = pack(&all);
            assert_eq!(unpack(ScopeId(7), &packed).expect("it is whole"), all);
            if count == 300 {
                assert!(packed.len() * 3 < all.iter().map(size).sum(), "{} bytes", packed.len());
            }
        }
    }

    #[test]
    fn damaged_pages_are_refused() {
        for count in [1, 300] {
            let packed = pack(&(0..count).map(arrival).collect::<Vec<_>>());
            assert!(unpack(ScopeId(7), &packed[..packed.len() - 1]).is_err());
            assert!(unpack(ScopeId(7), &[&packed[..], &[1]].concat()).is_err());
        }
        assert!(unpack(ScopeId(7), &[]).is_err());
        assert!(unpack(ScopeId(7), &[9, 0]).is_err());
        assert!(unpack(ScopeId(7), &[LZ4, 255, 255, 255, 255, 0]).is_err(), "no memory is taken for what it promises");
    }
}
