//! A wasm module as far as one must know it to part it in two: who calls whom, who stands in the table, what things are called.
//!
//! Has never heard of which functions may come later.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    Data, Element, ElementItems, ElementKind, Export, ExternalKind, FuncType, FunctionBody, GlobalType, KnownCustom, MemoryType, Name,
    Operator, Parser, Payload, TableType, TypeRef,
};

use crate::Outcome;

/// The table of functions: Rust has one.
pub(super) const TABLE: u32 = 0;

/// A module, read.
#[derive(Default)]
pub(super) struct Read<'a> {
    /// The types by number.
    pub(super) types: Vec<FuncType>,
    /// The type of every function, imported ones first.
    pub(super) functions: Vec<u32>,
    /// How many functions are imported, and what each is called in the import.
    pub(super) imported: Vec<String>,
    /// All tables.
    pub(super) tables: Vec<TableType>,
    /// All memories.
    pub(super) memories: Vec<MemoryType>,
    /// All globals.
    pub(super) globals: Vec<GlobalType>,
    /// What the module gives to others.
    pub(super) exports: Vec<Export<'a>>,
    /// The function that runs first.
    pub(super) start: Option<u32>,
    /// The places of functions in the table.
    pub(super) places: BTreeMap<u32, u32>,
    /// What each function of its own does.
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// What lies in the memory from the beginning.
    pub(super) data: Vec<Data<'a>>,
    /// The functions' names.
    pub(super) names: BTreeMap<u32, &'a str>,
}

impl<'a> Read<'a> {
    /// Reads a module as Rust makes them.
    ///
    /// # Errors
    /// If it is no module, or has something that Rust's modules do not have.
    pub(super) fn of(module: &'a [u8]) -> Outcome<Self> {
        let mut read = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            read.take(payload?)?;
        }
        Ok(read)
    }

    fn take(&mut self, payload: Payload<'a>) -> Outcome {
        match payload {
            Payload::TypeSection(section) => {
                for kind in section.into_iter_err_on_gc_types() {
                    self.types.push(kind?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(kind) => {
                            self.imported.push(import.name.to_owned());
                            self.functions.push(kind);
                        }
                        TypeRef::Table(table) => self.tables.push(table),
                        TypeRef::Memory(memory) => self.memories.push(memory),
                        TypeRef::Global(global) => self.globals.push(global),
                        _ => return Err("the module imports something that Rust does not import".into()),
                    }
                }
            }
            Payload::FunctionSection(section) => self.functions.extend(section.into_iter().collect::<Result<Vec<_>, _>>()?),
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => self.memories.extend(section.into_iter().collect::<Result<Vec<_>, _>>()?),
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(section) => self.exports = section.into_iter().collect::<Result<_, _>>()?,
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    self.take_element(element?)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(section) => self.data = section.into_iter().collect::<Result<_, _>>()?,
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for part in names {
                        if let Name::Function(map) = part? {
                            for naming in map {
                                let naming = naming?;
                                self.names.insert(naming.index, naming.name);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What fills the table from some place on.
    fn take_element(&mut self, element: Element<'a>) -> Outcome {
        let ElementKind::Active { table_index: None | Some(TABLE), offset_expr } = element.kind else { return Ok(()) };
        let Operator::I32Const { value: first } = offset_expr.get_operators_reader().read()? else {
            return Err("functions stand in the table from a place on that is no number".into());
        };
        match element.items {
            ElementItems::Functions(functions) => {
                for (place, function) in (first as u32..).zip(functions) {
                    self.places.insert(place, function?);
                }
            }
            ElementItems::Expressions(_, functions) => {
                for (place, function) in (first as u32..).zip(functions) {
                    if let Operator::RefFunc { function_index } = function?.get_operators_reader().read()? {
                        self.places.insert(place, function_index);
                    }
                }
            }
        }
        Ok(())
    }

    /// What a function of the module's own does; none of one that is imported.
    pub(super) fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        self.bodies.get((function as usize).checked_sub(self.imported.len())?)
    }

    /// All functions of the module's own.
    pub(super) fn own(&self) -> std::ops::Range<u32> {
        self.imported.len() as u32..self.functions.len() as u32
    }

    /// The functions that a function names.
    ///
    /// # Errors
    /// If its body cannot be read.
    pub(super) fn named_in(&self, function: u32) -> Outcome<BTreeSet<u32>> {
        let mut named = BTreeSet::new();
        let Some(body) = self.body(function) else { return Ok(named) };
        for operator in body.get_operators_reader()? {
            if let Operator::Call { function_index } | Operator::ReturnCall { function_index } | Operator::RefFunc { function_index } =
                operator?
            {
                named.insert(function_index);
            }
        }
        Ok(named)
    }

    /// The functions that the module itself gives to others.
    pub(super) fn exported(&self) -> impl Iterator<Item = u32> {
        self.exports.iter().filter(|export| export.kind == ExternalKind::Func).map(|export| export.index)
    }
}
