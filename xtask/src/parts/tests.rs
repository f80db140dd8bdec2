//! A module of a few functions, parted.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, MemoryType, Module, NameMap, NameSection, RefType, TableSection,
    TableType, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, Validator};

use super::{Choice, part};

/// From 1024 on: a text of `number`, one of `row`, and two more of `number`; then a text and a table that names it, which `number`
/// reaches, and a text and a table that names it, of which `panel` names the first half and `row` the second.
const DATA: [&[u8]; 8] = [
    b"a text that the page shows......",
    b"a text that a row of a panel has",
    "한국의 글자".as_bytes(),
    "한국어\0\0\0\0\0\0\0".as_bytes(),
    b"by a table......",
    b"\x01\0\0\0\x02\0\0\0\x60\x04\0\0\x10\0\0\0",
    b"by another table",
    b"\x01\0\0\0\x02\0\0\0\x80\x04\0\0\x10\0\0\0\x03\0\0\0\x04\0\0\0\x05\0\0\0\x06\0\0\0",
];

/// Imported: 0 gets the rest. Own: 1 `page` calls 2 `panel`, which calls 3 `row` and 4 `number`; 5 `button` stands in the table.
fn module(get: &str) -> Vec<u8> {
    let (mut types, mut imports, mut functions) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    types.ty().function([], []);
    imports.import("page", get, EntityType::Function(0));
    for _own in 1..=5 {
        functions.function(0);
    }
    let (mut tables, mut memories, mut exports) = (TableSection::new(), MemorySection::new(), ExportSection::new());
    tables.table(TableType { element_type: RefType::FUNCREF, table64: false, minimum: 2, maximum: Some(2), shared: false });
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("page", ExportKind::Func, 1).export("number", ExportKind::Func, 4);
    let (mut globals, mut elements) = (GlobalSection::new(), ElementSection::new());
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(7));
    elements.active(None, &ConstExpr::i32_const(1), Elements::Functions((&[5][..]).into()));
    let mut code = CodeSection::new();
    for (calls, constants) in [(&[2][..], &[][..]), (&[3, 4], &[1168]), (&[], &[1056, 1184]), (&[], &[1024, 1088, 1104, 1136]), (&[3], &[])]
    {
        let mut body = Function::new([]);
        for constant in constants {
            body.instruction(&Instruction::I32Const(*constant)).instruction(&Instruction::Drop);
        }
        for function in calls {
            body.instruction(&Instruction::Call(*function));
        }
        code.function(body.instruction(&Instruction::End));
    }
    let (mut names, mut of_functions) = (NameSection::new(), NameMap::new());
    for (number, name) in (1..).zip(["a[0f]::page", "a[0f]::panel", "a[0f]::row", "a[0f]::number", "a[0f]::panel::button"]) {
        of_functions.append(number, name);
    }
    names.functions(&of_functions);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(1024), DATA.concat());
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables).section(&memories).section(&globals).section(&exports);
    module.section(&elements).section(&code).section(&data).section(&names);
    module.finish()
}

fn choice() -> Choice<'static> {
    Choice { later: &["a::panel"], first: &[], texts: &["한국어"] }
}

/// How many instructions each function of a module has.
fn lengths(module: &[u8]) -> Vec<usize> {
    let bodies = Parser::new(0).parse_all(module).filter_map(|payload| match payload.expect("a module") {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    bodies.map(|body| body.get_operators_reader().expect("a body").into_iter().count()).collect()
}

#[test]
fn both_parts_are_modules() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &choice()).expect("it can be parted");
    for (name, part) in [("first", &parts.first), ("rest", &parts.rest)] {
        Validator::new().validate_all(part).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn what_is_named_comes_later_with_what_only_it_calls() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &choice()).expect("it can be parted");
    // Whoever calls `panel` or `button` in the first part finds who gets the rest; `row` is called by the rest alone; `number` stays.
    assert_eq!(lengths(&parts.first), [2, 8, 2, 9, 8]);
    // `panel`, `row`, `button`, and the function that says that they are here.
    assert_eq!(lengths(&parts.rest), [5, 5, 2, 3]);
}

/// What lies in the memory from 1024 on, as far as a part puts it there; a dot where it puts nothing.
fn memory(module: &[u8]) -> Vec<u8> {
    let mut memory = vec![b'.'; DATA.concat().len()];
    let read = super::Read::of(module).expect("a module");
    for (at, bytes) in super::constants::pieces(&read).expect("data has places") {
        memory[at as usize - 1024..][..bytes.len()].copy_from_slice(bytes);
    }
    memory
}

/// The data, with some of it as this byte.
fn data_but(without: &[usize], byte: u8) -> Vec<u8> {
    let each = DATA.iter().enumerate();
    each.flat_map(|(place, bytes)| if without.contains(&place) { vec![byte; bytes.len()] } else { bytes.to_vec() }).collect()
}

/// With the table of the rest comes the text that it alone names, and none that the other table names.
#[test]
fn constants_come_with_who_reaches_them_and_hangul_comes_later() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &choice()).expect("it can be parted");
    assert_eq!(memory(&parts.first), data_but(&[1, 2, 6, 7], 0));
    assert_eq!(memory(&parts.rest), data_but(&[0, 3, 4, 5], b'.'));
}

/// Who names the first half of a table may come to the second.
#[test]
fn a_table_of_which_the_first_part_names_a_part_stays_whole() {
    let named_by_row = Choice { later: &["a::row"], ..choice() };
    let parts = part(&module("__wbg_cqrsLabRest_1"), &named_by_row).expect("it can be parted");
    assert_eq!(memory(&parts.first)[128..], data_but(&[], 0)[128..]);
}

#[test]
fn a_piece_of_a_name_can_be_kept_first() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &Choice { first: &["button"], ..choice() }).expect("it can be parted");
    assert_eq!(lengths(&parts.first), [2, 8, 5, 9, 2]);
}

#[test]
fn a_module_that_cannot_get_the_rest_is_not_parted() {
    let error = part(&module("something"), &choice()).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the module imports no cqrsLabRest"));
}
