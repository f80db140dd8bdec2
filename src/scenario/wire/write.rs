//! From values to text. Types that the recording does not use (floats, maps, bytes) are refused.

use serde::ser::{self, Serialize};

use super::{WireError, err};

/// Writes a value as words with blanks between them.
///
/// # Errors
/// The type holds a float, a map or bytes, or a sequence of unknown length.
pub fn to_text<T: Serialize>(value: &T) -> Result<String, WireError> {
    let mut writer = Writer { out: String::new() };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
}

impl Writer {
    fn word(&mut self, word: &str) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(word);
    }
}

/// A string as one word: `~` stands for the empty one, and escapes what would be taken for something else.
fn escape(text: &str) -> String {
    if text.is_empty() {
        return "~".to_owned();
    }
    let mut word = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' => word.push_str("~s"),
            '\n' => word.push_str("~n"),
            // Whatever else parts words for the reader.
            '\t' => word.push_str("~h"),
            '\r' => word.push_str("~r"),
            '\x0c' => word.push_str("~f"),
            '~' => word.push_str("~t"),
            c => word.push(c),
        }
    }
    word
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, v: $type) -> Result<(), WireError> {
            self.word(&v.to_string());
            Ok(())
        })*
    };
}

impl ser::Serializer for &mut Writer {
    type Ok = ();
    type Error = WireError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = ser::Impossible<(), WireError>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
             serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, v: bool) -> Result<(), WireError> {
        self.word(if v { "t" } else { "f" });
        Ok(())
    }

    fn serialize_f32(self, _v: f32) -> Result<(), WireError> {
        err("a recording holds no float")
    }

    fn serialize_f64(self, _v: f64) -> Result<(), WireError> {
        err("a recording holds no float")
    }

    fn serialize_char(self, v: char) -> Result<(), WireError> {
        self.word(&escape(v.encode_utf8(&mut [0; 4])));
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Result<(), WireError> {
        self.word(&escape(v));
        Ok(())
    }

    fn serialize_bytes(self, _v: &[u8]) -> Result<(), WireError> {
        err("a recording holds no bytes")
    }

    fn serialize_none(self) -> Result<(), WireError> {
        self.word("-");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WireError> {
        self.word("+");
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WireError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), WireError> {
        Ok(())
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), WireError> {
        self.word(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), WireError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WireError> {
        self.word(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, WireError> {
        let Some(len) = len else { return err("a recording holds no sequence of unknown length") };
        self.word(&len.to_string());
        Ok(self)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _name: &'static str, _index: u32, variant: &'static str, _len: usize) -> Result<Self, WireError> {
        self.word(variant);
        Ok(self)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self::SerializeMap, WireError> {
        err("a recording holds no map")
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _name: &'static str, _index: u32, variant: &'static str, _len: usize) -> Result<Self, WireError> {
        self.word(variant);
        Ok(self)
    }
}

macro_rules! compound {
    ($($trait:ident :: $method:ident($($key:ident)?)),*) => {
        $(impl ser::$trait for &mut Writer {
            type Ok = ();
            type Error = WireError;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), WireError> {
                $(let _by_position = $key;)?
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), WireError> {
                Ok(())
            }
        })*
    };
}

compound!(
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(key),
    SerializeStructVariant::serialize_field(key)
);
