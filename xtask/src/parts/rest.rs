//! The rest: the functions that come later, and the places of the table that they take when they come.
//!
//! Has never heard of why they come later.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, Function, FunctionSection, GlobalType, ImportSection,
    Instruction, Module, StartSection, TypeSection, ValType,
};

use super::{
    HERE, Plan, constants, given,
    read::{Read, TABLE},
};
use crate::Outcome;

/// What the rest calls the module that it takes from.
const FIRST: &str = "";

/// Writes the rest.
pub(super) fn module(read: &Read, plan: &Plan) -> Outcome<Vec<u8>> {
    let of_rest = plan.taken.iter().chain(&plan.later).copied();
    let mut writer = Rest { number: of_rest.zip(0..).collect() };
    let said = |error: Error<Infallible>| error.to_string();
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    for kind in &read.types {
        types.ty().func_type(&writer.func_type(kind.clone()).map_err(said)?);
    }
    // For the function that says that the rest is here.
    types.ty().function([], []);
    for function in &plan.later {
        functions.function(read.functions[*function as usize]);
        let body = read.body(*function).ok_or("an imported function cannot come later")?;
        writer.parse_function_body(&mut code, body.clone()).map_err(said)?;
    }
    functions.function(read.types.len() as u32);
    let mut here = Function::new([]);
    here.instruction(&Instruction::I32Const(1)).instruction(&Instruction::GlobalSet(plan.here)).instruction(&Instruction::End);
    code.function(&here);

    let mut module = Module::new();
    module.section(&types).section(&imports(&mut writer, read, plan).map_err(said)?).section(&functions);
    module.section(&StartSection { function_index: (plan.taken.len() + plan.later.len()) as u32 });
    module.section(&elements(&writer, read, plan)).section(&code).section(&data(read, plan)?);
    Ok(module.finish())
}

/// Everything that the first part gives.
fn imports(writer: &mut Rest, read: &Read, plan: &Plan) -> Result<ImportSection, Error<Infallible>> {
    let mut imports = ImportSection::new();
    for function in &plan.taken {
        imports.import(FIRST, &given('f', *function), EntityType::Function(read.functions[*function as usize]));
    }
    for (number, table) in (0..).zip(&read.tables) {
        let mut table = writer.table_type(*table)?;
        if number == TABLE {
            let more = u64::from(plan.places) - table.minimum;
            table.minimum += more;
            table.maximum = table.maximum.map(|most| most + more);
        }
        imports.import(FIRST, &given('t', number), table);
    }
    for (number, memory) in (0..).zip(&read.memories) {
        imports.import(FIRST, &given('m', number), writer.memory_type(*memory)?);
    }
    for (number, global) in (0..).zip(&read.globals) {
        imports.import(FIRST, &given('g', number), writer.global_type(*global)?);
    }
    imports.import(FIRST, HERE, GlobalType { val_type: ValType::I32, mutable: true, shared: false });
    Ok(imports)
}

/// The places of the table, each run of neighbours at once.
fn elements(writer: &Rest, read: &Read, plan: &Plan) -> ElementSection {
    let standing = read.places.iter().filter(|(_, function)| plan.later.contains(function)).map(|(at, function)| (*at, *function));
    let all: BTreeMap<u32, u32> = standing.chain(plan.place.iter().map(|(function, at)| (*at, *function))).collect();
    let all: Vec<(u32, u32)> = all.into_iter().map(|(at, function)| (at, writer.number[&function])).collect();
    let mut elements = ElementSection::new();
    for run in all.chunk_by(|one, next| one.0 + 1 == next.0) {
        let functions: Vec<u32> = run.iter().map(|(_, function)| *function).collect();
        elements.active(None, &ConstExpr::i32_const(run[0].0 as i32), Elements::Functions(Cow::Owned(functions)));
    }
    elements
}

/// The constants, each run of neighbours at once.
fn data(read: &Read, plan: &Plan) -> Outcome<DataSection> {
    let mut data = DataSection::new();
    let pieces = constants::pieces(read)?;
    for run in plan.constants.chunk_by(|one, next| one.end == next.start) {
        let (from, to) = (run[0].start, run[run.len() - 1].end);
        for (at, bytes) in pieces.iter().filter(|(at, bytes)| (*at..*at + bytes.len() as u32).contains(&from)) {
            let run = &bytes[(from - at) as usize..(to - at) as usize];
            data.active(0, &ConstExpr::i32_const(from as i32), run.iter().copied());
        }
    }
    Ok(data)
}

struct Rest {
    /// The number in the rest of each function by its number in the whole.
    number: BTreeMap<u32, u32>,
}

impl Reencode for Rest {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.number[&function])
    }
}
