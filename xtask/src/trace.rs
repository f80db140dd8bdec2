//! `cargo xtask trace`: a scenario run natively, its trace printed one fact a line, or only the digest of the run.
//!
//! Has never heard of browsers.

use std::io::{BufWriter, Write};

use cqrs_lab::{
    kernel::SimTime,
    pipeline::World,
    scenario::{Config, Scenario, builtin, builtin_names},
};

use crate::{Outcome, args::Args};

/// Until when a trace goes if nobody says.
const UNTIL: SimTime = SimTime::from_ms(60_000);

/// `cargo xtask trace SCENARIO [--seed N] [--until 60s] [--set key=value]… [--digest]`.
///
/// # Errors
/// An unknown scenario, key or value, with the possible ones; a number or a duration that is none.
pub fn command_trace(mut args: Args) -> Outcome {
    let (seed, until, sets) = (args.value("--seed")?, args.value("--until")?, args.values("--set")?);
    let digest_only = args.flag("--digest");
    let names = args.positionals();
    args.finish("trace")?;
    let mut scenario = match names.as_slice() {
        [name] => named(name)?,
        _ => return Err(format!("one scenario is wanted, of {}", possible()).into()),
    };
    if let Some(seed) = seed {
        scenario.seed = seed.parse().map_err(|_| format!("--seed takes a number from 0 to {}, not {seed}", u64::MAX))?;
    }
    set_all(&mut scenario.config, &sets)?;
    let until = until.map_or(Ok(UNTIL), |text| duration(&text))?;
    let mut world = World::new(&scenario);
    if digest_only {
        world.run_until(until);
        println!("{:016x}", world.digest());
        return Ok(());
    }
    // A reader that has seen enough (`| head`) closes the pipe: no error, and no reason to go on.
    let _ = print(&mut world, until);
    Ok(())
}

/// Sets what `--set` says. Only the whole tells whether the real system would take it.
fn set_all(config: &mut Config, sets: &[String]) -> Outcome {
    let mut given = Vec::new();
    for set in sets {
        let (key, value) = set.split_once('=').ok_or_else(|| format!("--set takes key=value, not {set}"))?;
        given.push(config.set_text(key, value)?);
    }
    config.refused(&given).into_iter().next().map_or(Ok(()), |(_, error)| Err(error.into()))
}

/// Runs to `until` and prints each fact as it happens: the world itself keeps only the newest.
fn print(world: &mut World, until: SimTime) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut seen = 0;
    loop {
        for fact in world.trace().iter_from(seen) {
            writeln!(out, "{}", world.line(fact))?;
        }
        seen = world.trace().end();
        if world.next_at().is_none_or(|at| at > until) {
            return out.flush();
        }
        world.step();
    }
}

fn named(name: &str) -> Outcome<Scenario> {
    builtin(name).ok_or_else(|| format!("no scenario is called {name}; there are {}", possible()).into())
}

fn possible() -> String {
    builtin_names().collect::<Vec<_>>().join(", ")
}

/// An instant: a number with `us`, `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Outcome<SimTime> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_us = match &text[digits.len()..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => 0,
    };
    let number: Option<u64> = digits.parse().ok().filter(|_| unit_us > 0);
    let us = number.and_then(|n| n.checked_mul(unit_us));
    us.map(SimTime).ok_or_else(|| format!("--until takes a number with us, ms, s, m or h, such as 60s, not {text}").into())
}

#[cfg(test)]
mod tests {
    use super::{Config, SimTime, duration, named, set_all};

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let set = |sets: &[&str]| {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            set_all(&mut Config::default(), &sets).map_err(|error| error.to_string())
        };
        let short = "producer.delivery.timeout.ms=10000";
        assert!(set(&[short]).unwrap_err().contains("`producer.delivery.timeout.ms` cannot be `10000` together with the others"));
        assert_eq!(set(&[short, "producer.request.timeout.ms=5000"]), Ok(()));
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("60s").unwrap(), SimTime(60_000_000));
        assert_eq!(duration("250ms").unwrap(), SimTime(250_000));
        for wrong in ["60", "s", "1d", "-1s", "99999999999999999999s", "999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_scenario_is_named_with_the_possible_ones() {
        let message = named("transfers").unwrap_err().to_string();
        assert!(message.contains("transfers") && message.contains("zombie-consumer"), "{message}");
    }
}
