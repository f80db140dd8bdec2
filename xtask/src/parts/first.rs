//! The first part: the whole module, with a few instructions in place of each function of the rest.
//!
//! Has never heard of which functions may come later.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, GlobalSection, GlobalType, Instruction, Module,
    TableSection, ValType,
};
use wasmparser::{
    CustomSectionReader, Data, DataKind, ExportSectionReader, FunctionBody, GlobalSectionReader, Operator, Parser, TableSectionReader,
};

use super::{
    HERE, Plan, given,
    read::{Read, TABLE},
};
use crate::Outcome;

/// Writes the first part.
pub(super) fn module(module: &[u8], read: &Read, plan: &Plan) -> Outcome<Vec<u8>> {
    let mut first = Module::new();
    let mut writer = First { read, plan, next: read.own().start };
    writer.parse_core_module(&mut first, Parser::new(0), module).map_err(|error| error.to_string())?;
    Ok(first.finish())
}

struct First<'a> {
    read: &'a Read<'a>,
    plan: &'a Plan,
    /// The function whose body comes next.
    next: u32,
}

impl First<'_> {
    /// Gets the rest unless it is here, and goes on where the rest has put the function.
    fn stand_in(&self, function: u32) -> Function {
        let mut body = Function::new([]);
        let Some(place) = self.plan.place.get(&function) else {
            // Only the rest itself calls it.
            body.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
            return body;
        };
        let kind = self.read.functions[function as usize];
        body.instruction(&Instruction::GlobalGet(self.plan.here))
            .instruction(&Instruction::I32Eqz)
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Call(self.plan.get))
            .instruction(&Instruction::End);
        for parameter in 0..self.read.types[kind as usize].params().len() as u32 {
            body.instruction(&Instruction::LocalGet(parameter));
        }
        body.instruction(&Instruction::I32Const(*place as i32))
            .instruction(&Instruction::CallIndirect { type_index: kind, table_index: TABLE })
            .instruction(&Instruction::End);
        body
    }
}

impl Reencode for First<'_> {
    type Error = Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error<Infallible>> {
        let function = self.next;
        self.next += 1;
        if self.plan.later.contains(&function) {
            code.function(&self.stand_in(function));
            return Ok(());
        }
        utils::parse_function_body(self, code, body)
    }

    fn parse_data(&mut self, section: &mut DataSection, data: Data<'_>) -> Result<(), Error<Infallible>> {
        let DataKind::Active { memory_index, offset_expr } = data.kind else { return utils::parse_data(self, section, data) };
        let mut bytes = data.data.to_vec();
        if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
            let from = value as u32;
            let piece = from..from + bytes.len() as u32;
            for constant in self.plan.constants.iter().filter(|constant| piece.contains(&constant.start)) {
                bytes[(constant.start - from) as usize..(constant.end - from) as usize].fill(0);
            }
        }
        section.active(memory_index, &self.const_expr(offset_expr)?, bytes);
        Ok(())
    }

    fn parse_table_section(&mut self, tables: &mut TableSection, section: TableSectionReader<'_>) -> Result<(), Error<Infallible>> {
        for (number, table) in (0..).zip(section) {
            let mut table = table?;
            if number == TABLE {
                let more = u64::from(self.plan.places) - table.ty.initial;
                table.ty.initial += more;
                table.ty.maximum = table.ty.maximum.map(|most| most + more);
            }
            utils::parse_table(self, tables, table)?;
        }
        Ok(())
    }

    fn parse_global_section(&mut self, globals: &mut GlobalSection, section: GlobalSectionReader<'_>) -> Result<(), Error<Infallible>> {
        utils::parse_global_section(self, globals, section)?;
        globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Result<(), Error<Infallible>> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(HERE, ExportKind::Global, self.plan.here);
        for function in &self.plan.taken {
            exports.export(&given('f', *function), ExportKind::Func, *function);
        }
        for table in 0..self.read.tables.len() as u32 {
            exports.export(&given('t', table), ExportKind::Table, table);
        }
        for memory in 0..self.read.memories.len() as u32 {
            exports.export(&given('m', memory), ExportKind::Memory, memory);
        }
        for global in 0..self.read.globals.len() as u32 {
            exports.export(&given('g', global), ExportKind::Global, global);
        }
        Ok(())
    }

    fn parse_custom_section(&mut self, _module: &mut Module, _section: CustomSectionReader<'_>) -> Result<(), Error<Infallible>> {
        Ok(())
    }
}
