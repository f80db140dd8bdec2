//! From text to values. The type says what must come next; a word that does not fit is named.

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};

use super::{WireError, err};

/// How deep variants may stand within each other: what a recording holds needs five, and each level costs the reader a piece of
/// its stack, while a link of two kilobytes could unfold to a hundred thousand.
const DEPTH_MAX: u32 = 32;

/// Reads a value from words with blanks between them.
///
/// # Errors
/// Names the word that does not fit.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, WireError> {
    let mut reader = Reader { words: text.split_ascii_whitespace(), depth: 0 };
    let value = T::deserialize(&mut reader)?;
    match reader.words.next() {
        None => Ok(value),
        Some(word) => err(&["`", word, "` is too much"].concat()),
    }
}

struct Reader<'a> {
    words: std::str::SplitAsciiWhitespace<'a>,
    /// In how many variants the next word stands.
    depth: u32,
}

impl<'a> Reader<'a> {
    fn word(&mut self) -> Result<&'a str, WireError> {
        self.words.next().map_or_else(|| err("it ends too early"), Ok)
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, WireError> {
        let word = self.word()?;
        word.parse().map_or_else(|_| err(&["`", word, "` is not a number that fits"].concat()), Ok)
    }
}

/// The string behind a word.
fn unescape(word: &str) -> Result<String, WireError> {
    if word == "~" {
        return Ok(String::new());
    }
    let mut text = String::with_capacity(word.len());
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '~' => match chars.next() {
                Some('s') => ' ',
                Some('n') => '\n',
                Some('h') => '\t',
                Some('r') => '\r',
                Some('f') => '\x0c',
                Some('t') => '~',
                _ => return err(&["`", word, "` is badly escaped"].concat()),
            },
            c => c,
        });
    }
    Ok(text)
}

macro_rules! numbers {
    ($($method:ident => $visit:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
            visitor.$visit(self.number()?)
        })*
    };
}

macro_rules! refused {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, WireError> {
            err("a recording holds no such type")
        })*
    };
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = WireError;

    numbers!(deserialize_i8 => visit_i8, deserialize_i16 => visit_i16, deserialize_i32 => visit_i32, deserialize_i64 => visit_i64,
             deserialize_u8 => visit_u8, deserialize_u16 => visit_u16, deserialize_u32 => visit_u32, deserialize_u64 => visit_u64);

    refused!(deserialize_any deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf deserialize_map
             deserialize_ignored_any);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        match self.word()? {
            "t" => visitor.visit_bool(true),
            "f" => visitor.visit_bool(false),
            word => err(&["`", word, "` is neither t nor f"].concat()),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        let text = unescape(self.word()?)?;
        visitor.visit_string(text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        match self.word()? {
            "-" => visitor.visit_none(),
            "+" => visitor.visit_some(self),
            word => err(&["`", word, "` is neither - nor +"].concat()),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        let left = self.number()?;
        visitor.visit_seq(Fields { reader: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_seq(Fields { reader: self, left: len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _name: &'static str, len: usize, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_seq(Fields { reader: self, left: len })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WireError> {
        visitor.visit_seq(Fields { reader: self, left: fields.len() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WireError> {
        // Whatever holds itself does so by a variant: one that ends it must be among them.
        if self.depth == DEPTH_MAX {
            return err("it is nested too deep");
        }
        self.depth += 1;
        let value = visitor.visit_enum(&mut *self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WireError> {
        let word = self.word()?;
        visitor.visit_str(word)
    }
}

/// The fields of something, in order.
struct Fields<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Fields<'_, 'de> {
    type Error = WireError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, WireError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> de::EnumAccess<'de> for &mut Reader<'de> {
    type Error = WireError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), WireError> {
        let variant = seed.deserialize(&mut *self)?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'de> {
    type Error = WireError;

    fn unit_variant(self) -> Result<(), WireError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, WireError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_seq(Fields { reader: self, left: len })
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, WireError> {
        visitor.visit_seq(Fields { reader: self, left: fields.len() })
    }
}
