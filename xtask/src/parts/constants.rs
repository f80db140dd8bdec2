//! The constants of the rest: those that only its functions reach, by name or by way of other constants; and texts in Hangul, which
//! nobody is shown before the rest is here.
//!
//! Where one constant ends and the next begins is known by who names them: a linker puts the address of every constant that is used
//! into an instruction or into another constant, as a whole number. An instruction may name a part of a constant as well. A text is
//! one all the same, and so is the place of a panic in the source; of everything else neighbours count as one constant.
//! Has never heard of languages.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Range;

use wasm_encoder::MemArg;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{DataKind, FunctionBody, Operator};

use super::read::Read;
use crate::Outcome;

/// Shorter constants are not worth their place in the rest.
const BYTES_MIN: usize = 16;

/// What a constant is, by its bytes.
enum Kind<'a> {
    /// A text, without what fills it up to the next constant.
    Text(&'a str),
    /// Where in the source a panic is: the address and the length of a file's name, line and column.
    Place,
    /// Anything else: a table, or a part of one.
    Other,
}

struct Constant<'a> {
    at: u32,
    bytes: &'a [u8],
    kind: Kind<'a>,
    /// Constants of one number are reached together.
    group: usize,
    /// Whether it lies among what is never written: Rust's linker puts that first.
    is_fixed: bool,
}

impl Constant<'_> {
    fn end(&self) -> u32 {
        self.at + self.bytes.len() as u32
    }
}

/// The addresses of the constants that come later. `stay`: texts in Hangul that come first all the same.
pub(super) fn later(read: &Read, later: &BTreeSet<u32>, stay: &[&str]) -> Outcome<Vec<Range<u32>>> {
    // Every address that an instruction names, and whether one of the first part does.
    let mut named: BTreeMap<u32, bool> = BTreeMap::new();
    for function in read.own() {
        let Some(body) = read.body(function) else { continue };
        for address in addresses_in(body)? {
            *named.entry(address).or_default() |= !later.contains(&function);
        }
    }
    let pieces = pieces(read)?;
    let constants = constants(&pieces, &named);
    let by_first = named.iter().filter(|(_, first)| **first).map(|(at, _)| *at);
    let reached = reached(&constants, &pieces, by_first);
    let comes_later = |constant: &&Constant| match constant.kind {
        Kind::Text(text) if is_hangul(text) => !stay.contains(&text),
        Kind::Text(text) => text.len() >= BYTES_MIN && !reached.contains(&constant.group),
        Kind::Place | Kind::Other => constant.is_fixed && constant.bytes.len() >= BYTES_MIN && !reached.contains(&constant.group),
    };
    Ok(constants.iter().filter(comes_later).map(|constant| constant.at..constant.end()).collect())
}

/// Cuts what lies in the memory into constants, at every address that an instruction or another constant names.
fn constants<'a>(pieces: &[(u32, &'a [u8])], named: &BTreeMap<u32, bool>) -> Vec<Constant<'a>> {
    let words = pieces.iter().flat_map(|(from, bytes)| words(*from, bytes));
    let begins: BTreeSet<u32> = named.keys().copied().chain(words).collect();
    let mut constants = Vec::new();
    let mut group = 0;
    for (number, (from, bytes)) in pieces.iter().enumerate() {
        let to = from + bytes.len() as u32;
        let begins: Vec<u32> = begins.range(from..&to).copied().collect();
        let ends = begins.iter().skip(1).copied().chain([to]);
        let mut after_other = false;
        for (at, end) in begins.iter().zip(ends) {
            let bytes = &bytes[(at - from) as usize..(end - from) as usize];
            let kind = kind(bytes, pieces);
            let is_other = matches!(kind, Kind::Other);
            group += usize::from(!(is_other && after_other));
            after_other = is_other;
            constants.push(Constant { at: *at, bytes, kind, group, is_fixed: number == 0 });
        }
    }
    constants
}

/// The groups of constants that can be reached from these addresses.
fn reached(constants: &[Constant], pieces: &[(u32, &[u8])], from: impl Iterator<Item = u32>) -> BTreeSet<usize> {
    let group_at: BTreeMap<u32, usize> = constants.iter().map(|constant| (constant.at, constant.group)).collect();
    let of_group: BTreeMap<usize, &[Constant]> =
        constants.chunk_by(|one, next| one.group == next.group).map(|group| (group[0].group, group)).collect();
    let mut reached = BTreeSet::new();
    let mut open: Vec<usize> = from.filter_map(|at| group_at.get(&at).copied()).collect();
    while let Some(group) = open.pop() {
        let members = of_group[&group];
        if !reached.insert(group) || matches!(members[0].kind, Kind::Text(_)) {
            continue;
        }
        // The group as a whole: an instruction may name an address within a word.
        let (at, end) = (members[0].at, members[members.len() - 1].end());
        let bytes = pieces.iter().find_map(|(from, bytes)| bytes.get(at.checked_sub(*from)? as usize..(end - from) as usize));
        open.extend(words(at, bytes.unwrap_or_default()).filter_map(|at| group_at.get(&at).copied()));
    }
    reached
}

/// The whole numbers in some bytes, where numbers lie.
fn words(at: u32, bytes: &[u8]) -> impl Iterator<Item = u32> {
    let skipped = (at.wrapping_neg() % 4) as usize;
    bytes.get(skipped..).unwrap_or_default().as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
}

fn kind<'a>(bytes: &'a [u8], pieces: &[(u32, &'a [u8])]) -> Kind<'a> {
    if let Some(text) = text(bytes) {
        return Kind::Text(text);
    }
    let ([file, length, _, _], []) = bytes.as_chunks::<4>() else { return Kind::Other };
    let [file, length] = [file, length].map(|word| u32::from_le_bytes(*word));
    let piece = pieces.iter().find_map(|(from, bytes)| bytes.get(file.checked_sub(*from)? as usize..));
    let name = piece.and_then(|bytes| bytes.get(..length as usize));
    if name.is_some_and(|name| name.ends_with(b".rs")) { Kind::Place } else { Kind::Other }
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
