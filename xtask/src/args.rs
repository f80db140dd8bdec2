//! Command-line arguments: flags and values taken out of a list one by one, and what is left over refused by name.
//!
//! Has never heard of what the flags mean.

use crate::Outcome;

/// The arguments that nobody has taken yet.
pub struct Args {
    rest: Vec<String>,
}

impl Args {
    /// Wraps the arguments after the command's name.
    pub fn new(rest: Vec<String>) -> Self {
        Self { rest }
    }

    /// Takes the switch `name` (such as `--native`); true if it was given.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|arg| arg != name);
        self.rest.len() != before
    }

    /// Takes every `name VALUE` and `name=VALUE`, in the order given.
    ///
    /// # Errors
    /// If `name` is the last argument, so that its value is missing.
    pub fn values(&mut self, name: &str) -> Outcome<Vec<String>> {
        let mut found = Vec::new();
        let mut kept = Vec::new();
        let mut args = std::mem::take(&mut self.rest).into_iter();
        while let Some(arg) = args.next() {
            if arg == name {
                found.push(args.next().ok_or_else(|| format!("{name} needs a value"))?);
            } else if let Some(value) = arg.strip_prefix(name).and_then(|v| v.strip_prefix('=')) {
                found.push(value.to_owned());
            } else {
                kept.push(arg);
            }
        }
        self.rest = kept;
        Ok(found)
    }

    /// Takes `name VALUE` if it was given; the last one counts.
    ///
    /// # Errors
    /// If the value is missing.
    pub fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        Ok(self.values(name)?.pop())
    }

    /// Takes what does not begin with a hyphen.
    pub fn positionals(&mut self) -> Vec<String> {
        let (flags, words) = std::mem::take(&mut self.rest).into_iter().partition(|arg| arg.starts_with('-'));
        self.rest = flags;
        words
    }

    /// Refuses what nobody took.
    ///
    /// # Errors
    /// Names the arguments that are left and where to read about the command.
    pub fn finish(self, command: &str) -> Outcome {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(format!("cargo xtask {command} does not know {}; cargo xtask --help lists what there is", self.rest.join(" ")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(words: &[&str]) -> Args {
        Args::new(words.iter().map(|&w| w.to_owned()).collect())
    }

    #[test]
    fn flags_values_and_words_are_told_apart() {
        let mut args = args(&["transfer", "--set", "a=1", "--digest", "--set=b=2"]);
        assert_eq!(args.values("--set").unwrap(), ["a=1", "b=2"]);
        assert!(args.flag("--digest"));
        assert!(!args.flag("--digest"), "a flag is taken once");
        assert_eq!(args.positionals(), ["transfer"]);
        assert!(args.finish("trace").is_ok());
    }

    #[test]
    fn what_is_left_over_is_named() {
        let message = args(&["--nativ"]).finish("test").unwrap_err().to_string();
        assert!(message.contains("--nativ"), "{message}");
    }

    #[test]
    fn a_missing_value_is_an_error() {
        assert!(args(&["--port"]).value("--port").is_err());
    }
}
