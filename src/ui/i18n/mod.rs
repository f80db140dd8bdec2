//! Everything the page says, in every language, in one compile-time table: an entry without one of the languages does not
//! compile. Knows nothing of the DOM, and is tested natively.

pub(crate) mod consequences;
pub(crate) mod details;
pub(crate) mod facts;
pub(crate) mod faults;
pub(crate) mod nodes;
pub(crate) mod refusals;
pub(crate) mod scenarios;
pub(crate) mod settings;
mod shell;
pub(crate) mod things;
pub(crate) mod violations;

#[cfg(feature = "web")]
pub(crate) use shell::Text;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// The BCP 47 tag, for `html[lang]` and for storage.
    pub(crate) fn code(self) -> &'static str {
        self.pick("en", "ko")
    }

    /// The language of a BCP 47 tag; English for anything unknown.
    pub(crate) fn of_code(code: &str) -> Lang {
        if code.starts_with("ko") { Lang::Ko } else { Lang::En }
    }

    /// One of two, by language.
    pub(crate) fn pick<T>(self, en: T, ko: T) -> T {
        match self {
            Lang::En => en,
            Lang::Ko => ko,
        }
    }
}

/// A Korean text with its particles chosen: `은(는)`, `을(를)`, `이(가)` become what fits to the word before. Names that come from
/// data end in a Korean syllable, a digit, as it is read, or a Latin letter.
pub(crate) fn particles(text: &str) -> String {
    let mut out = text.to_owned();
    for (both, closed, open) in [("은(는)", "은", "는"), ("을(를)", "을", "를"), ("이(가)", "이", "가")] {
        while let Some(at) = out.find(both) {
            let before = out[..at].chars().rev().find(|c| c.is_alphanumeric()).unwrap_or_default();
            out.replace_range(at..at + both.len(), if is_closed(before) { closed } else { open });
        }
    }
    out
}

/// Whether a word that ends so ends in a consonant when it is read.
fn is_closed(last: char) -> bool {
    match last {
        '가'..='힣' => !(u32::from(last) - u32::from('가')).is_multiple_of(28),
        '0'..='9' => !matches!(last, '2' | '4' | '5' | '9'),
        _ => matches!(last.to_ascii_lowercase(), 'l' | 'm' | 'n'),
    }
}

/// Declares a struct of texts with one constant for each language. Each line is `name: "English", "한국어";`.
macro_rules! texts {
    ($(#[$doc:meta])* $table:ident { $($key:ident: $en:literal, $ko:literal;)* }) => {
        $(#[$doc])*
        pub(crate) struct $table {
            $(pub(crate) $key: &'static str,)*
        }

        impl $table {
            const EN: $table = $table { $($key: $en,)* };
            const KO: $table = $table { $($key: $ko,)* };

            /// The texts in one language.
            pub(crate) fn of(lang: $crate::ui::i18n::Lang) -> &'static $table {
                lang.pick(&$table::EN, &$table::KO)
            }
        }
    };
}

/// Declares a function from every variant of an enum to its words. A variant without words, or words without a language,
/// do not compile.
macro_rules! says {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($of:ident) { $($variant:ident: $en:literal, $ko:literal;)* }) => {
        $(#[$doc])*
        $vis fn $name(of: $of, lang: Lang) -> &'static str {
            match of {
                $($of::$variant => lang.pick($en, $ko),)*
            }
        }
    };
}

pub(crate) use {says, texts};

// After the macros, which they use by name.
pub(crate) mod cases;
pub(crate) mod stage;

#[cfg(test)]
mod tests {
    use super::particles;

    #[test]
    fn particles_fit_the_word_before_them() {
        let told = "account-view이(가) 이벤트 e12을(를), 클라이언트 3은(는) “느린 연결”을(를), `acks`은(는)";
        assert_eq!(particles(told), "account-view가 이벤트 e12를, 클라이언트 3은 “느린 연결”을, `acks`는");
    }
}
