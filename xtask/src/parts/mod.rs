//! Parts a wasm module in two: what the first picture needs, and the rest, which is fetched while the first picture already moves.
//!
//! Any choice of functions for the rest gives the same program: in the first part each of them is a few instructions that ask the
//! page for the rest, unless it is here, and then go where the rest has put the function into the table. So the choice decides only
//! what is loaded when, and how often the page has to wait for it.
//! Has never heard of what the functions do.

mod choice;
mod constants;
mod first;
mod read;
mod rest;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

pub use choice::Choice;
use read::Read;

use crate::Outcome;

/// What is in the name of the imported function that gets the rest at once, as `index.html` calls it.
const GET: &str = "cqrsLabRest";
/// Under this name the first part gives away the number that says whether the rest is here.
const HERE: &str = "rest";

/// The two parts.
pub struct Parts {
    /// The first: a module that starts as the whole would.
    pub first: Vec<u8>,
    /// The rest: a module that takes everything that it needs from what the first exports.
    pub rest: Vec<u8>,
}

/// What both parts agree on.
struct Plan {
    /// The functions of the rest.
    later: BTreeSet<u32>,
    /// Where in the table each of them is that the first part can call.
    place: BTreeMap<u32, u32>,
    /// The functions that the rest takes from the first part, ascending.
    taken: Vec<u32>,
    /// The imported function that gets the rest.
    get: u32,
    /// The number of the global that says whether the rest is here.
    here: u32,
    /// The addresses of the constants of the rest.
    constants: Vec<Range<u32>>,
    /// How many places the table has with the rest in it.
    places: u32,
}

/// Parts a module; the names of its functions are in neither part.
///
/// # Errors
/// If the module cannot be read, or does not import the function that gets the rest.
pub fn part(module: &[u8], choice: &Choice) -> Outcome<Parts> {
    let read = Read::of(module)?;
    let plan = Plan::of(&read, choice)?;
    Ok(Parts { first: first::module(module, &read, &plan)?, rest: rest::module(&read, &plan)? })
}

impl Plan {
    fn of(read: &Read, choice: &Choice) -> Outcome<Self> {
        let get = read.imported.iter().position(|name| name.contains(GET));
        let get = get.ok_or_else(|| format!("the module imports no {GET}"))? as u32;
        if read.globals.is_empty() {
            return Err("the module has no globals: Rust's have one at least".into());
        }
        let named: BTreeMap<u32, BTreeSet<u32>> = read.own().map(|own| Ok((own, read.named_in(own)?))).collect::<Outcome<_>>()?;
        let later = choice.later(read, &named);
        let from_first = named.iter().filter(|(own, _)| !later.contains(own)).flat_map(|(_, named)| named.iter().copied());
        let called: BTreeSet<u32> = from_first.chain(read.exported()).chain(read.start).filter(|f| later.contains(f)).collect();
        let mut place: BTreeMap<u32, u32> = BTreeMap::new();
        for (at, function) in &read.places {
            if later.contains(function) {
                place.entry(*function).or_insert(*at);
            }
        }
        let mut places = read.tables.first().ok_or("the module has no table")?.initial as u32;
        for function in called {
            place.entry(function).or_insert_with(|| {
                places += 1;
                places - 1
            });
        }
        let from_rest = later.iter().flat_map(|own| named[own].iter().copied());
        let taken: BTreeSet<u32> = from_rest.filter(|function| !later.contains(function)).collect();
        let constants = constants::later(read, &later, choice.texts)?;
        Ok(Self { constants, later, place, taken: taken.into_iter().collect(), get, here: read.globals.len() as u32, places })
    }
}

/// What the first part calls a function, table, memory or global that it gives to the rest: shorter than any name of its own.
fn given(kind: char, index: u32) -> String {
    format!("{kind}{index}")
}

#[cfg(test)]
mod tests;
