//! The texts of the rest: those that only its functions name, and those in Hangul, which nobody is shown before the rest is here.
//!
//! Where one constant ends and the next begins is known by who names them: a linker puts the address of every constant that is used
//! into an instruction or into another constant, as a whole number.
//! Has never heard of languages.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Range;

use wasm_encoder::MemArg;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{DataKind, FunctionBody, Operator};

use super::read::Read;
use crate::Outcome;

/// Shorter texts are not worth their place in the rest.
const BYTES_MIN: usize = 16;

/// The addresses of the texts that come later. `stay`: texts in Hangul that come first all the same.
pub(super) fn later(read: &Read, later: &BTreeSet<u32>, stay: &[&str]) -> Outcome<Vec<Range<u32>>> {
    // Every address that is named, and whether the first part may name it.
    let mut named: BTreeMap<u32, bool> = BTreeMap::new();
    for function in read.own() {
        let Some(body) = read.body(function) else { continue };
        for address in addresses_in(body)? {
            *named.entry(address).or_default() |= !later.contains(&function);
        }
    }
    let pieces = pieces(read)?;
    for (_, bytes) in &pieces {
        for word in bytes.as_chunks::<4>().0 {
            named.insert(u32::from_le_bytes(*word), true);
        }
    }
    let mut ranges = Vec::new();
    for (from, bytes) in pieces {
        let to = from + bytes.len() as u32;
        let begins: Vec<(u32, bool)> = named.range(from..to).map(|(at, first)| (*at, *first)).collect();
        let ends = begins.iter().skip(1).map(|(at, _)| *at).chain([to]);
        for ((at, first), end) in begins.iter().zip(ends) {
            let constant = &bytes[(at - from) as usize..(end - from) as usize];
            if text(constant).is_some_and(|text| if is_hangul(text) { !stay.contains(&text) } else { !first && text.len() >= BYTES_MIN }) {
                ranges.push(*at..end);
            }
        }
    }
    Ok(ranges)
}

/// What lies in the memory from the beginning, with its addresses.
pub(super) fn pieces<'a>(read: &Read<'a>) -> Outcome<Vec<(u32, &'a [u8])>> {
    let piece = |data: &wasmparser::Data<'a>| {
        let DataKind::Active { memory_index: 0, offset_expr } = &data.kind else {
            return Err("some data has no place in the memory".into());
        };
        match offset_expr.get_operators_reader().read()? {
            Operator::I32Const { value } => Ok((value as u32, data.data)),
            _ => Err("some data has a place that is no number".into()),
        }
    };
    read.data.iter().map(piece).collect()
}

/// A constant as a text, without what fills it up to the next; none if it is something else.
fn text(constant: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(constant).ok()?.trim_end_matches('\0');
    (!text.is_empty() && !text.contains(|c: char| c.is_control() && c != '\n')).then_some(text)
}

fn is_hangul(text: &str) -> bool {
    text.contains(|c| ('가'..='힣').contains(&c))
}

/// The numbers in a function that may be addresses.
fn addresses_in(body: &FunctionBody) -> Outcome<Vec<u32>> {
    let mut found = Addresses(Vec::new());
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        if let Operator::I32Const { value } = operator {
            found.0.push(value as u32);
        }
        found.instruction(operator).map_err(|error| error.to_string())?;
    }
    Ok(found.0)
}

/// Keeps what instructions that read and write the memory add to an address.
struct Addresses(Vec<u32>);

impl Reencode for Addresses {
    type Error = Infallible;

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<MemArg, Error<Infallible>> {
        self.0.push(arg.offset as u32);
        utils::mem_arg(self, arg)
    }
}
