//! A module of a few functions, parted.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, MemoryType, Module, NameMap, NameSection, RefType, TableSection,
    TableType, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, Validator};

use super::{Choice, part};

/// From 1024 on, in pieces of 32 and 16 bytes: a text of `number`, one of `row`, and two more of `number`.
const TEXTS: [&str; 4] = ["a text that the page shows......", "a text that a row of a panel has", "한국의 글자", "한국어\0\0\0\0\0\0\0"];

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
    for (calls, texts) in [(&[2][..], &[][..]), (&[3, 4], &[]), (&[], &[1056]), (&[], &[1024, 1088, 1104]), (&[3], &[])] {
        let mut body = Function::new([]);
        for text in texts {
            body.instruction(&Instruction::I32Const(*text)).instruction(&Instruction::Drop);
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
    data.active(0, &ConstExpr::i32_const(1024), TEXTS.concat().into_bytes());
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
    assert_eq!(lengths(&parts.first), [2, 8, 2, 7, 8]);
    // `panel`, `row`, `button`, and the function that says that they are here.
    assert_eq!(lengths(&parts.rest), [3, 3, 2, 3]);
}

/// What lies in the memory from 1024 on, as far as a part puts it there.
fn memory(module: &[u8]) -> String {
    let mut memory = vec![b'.'; TEXTS.concat().len()];
    let read = super::Read::of(module).expect("a module");
    for (at, bytes) in super::texts::pieces(&read).expect("data has places") {
        memory[at as usize - 1024..][..bytes.len()].copy_from_slice(bytes);
    }
    String::from_utf8(memory).expect("texts").replace('\0', " ")
}

#[test]
fn texts_come_with_who_names_them_and_hangul_comes_later() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &choice()).expect("it can be parted");
    assert_eq!(memory(&parts.first), [TEXTS[0], &" ".repeat(48), "한국어       "].concat());
    assert_eq!(memory(&parts.rest), [&".".repeat(32), TEXTS[1], TEXTS[2], &".".repeat(16)].concat());
}

#[test]
fn a_piece_of_a_name_can_be_kept_first() {
    let parts = part(&module("__wbg_cqrsLabRest_1"), &Choice { first: &["button"], ..choice() }).expect("it can be parted");
    assert_eq!(lengths(&parts.first), [2, 8, 3, 7, 2]);
}

#[test]
fn a_module_that_cannot_get_the_rest_is_not_parted() {
    let error = part(&module("something"), &choice()).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the module imports no cqrsLabRest"));
}
