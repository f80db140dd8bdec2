//! What comes later: the code that the first picture does without, by pieces of its names.
//!
//! The first picture is the default scenario as it plays by itself, in a window of any size. A function that is in the wrong part still works: it is loaded
//! without need, or at once when it is called (`index.html`; the page test `starts_without_the_rest` looks that this is not so
//! when the page opens). With the functions that are named come those that only they call.
//! Has never heard of how a module is parted.

use crate::parts::Choice;

/// The choice that the page is built with.
pub const CHOICE: Choice<'static> = Choice { later: LATER, first: FIRST, texts: TEXTS };

/// The name of the other language stands in its own letters.
const TEXTS: &[&str] = &["한국어"];

const LATER: &[&str] = &[
    // What one must open.
    "ui::panels::fidelity",
    "ui::panels::rows",
    "ui::panels::inspector",
    "ui::panels::settings",
    "ui::panels::case",
    "ui::panels::command",
    "ui::panels::violations",
    "ui::panels::help",
    "ui::panels::journal::journal",
    "ui::palette",
    "ui::dialog",
    "ui::stage::table",
    "ui::i18n::violations",
    "ui::i18n::settings",
    "ui::i18n::refusals",
    "ui::i18n::consequences::recovering",
    "ui::i18n::consequences::backing_off",
    // Recorded cases.
    "ui::cases",
    "App>::case_",
    "App>::stage_case",
    "timeline::evidence",
    "pipeline::probe",
    // What is read out of an address, or written into it of what was done.
    "scenario::wire",
    "scenario::intervention",
    "scenario::act",
    "scenario::link::Reading",
    "scenario::link::fold",
    "scenario::link::workbench",
    "scenario::contradiction",
    "serde_core",
    "miniz_oxide",
    // The other scenarios.
    "scenario::builtin::",
    // What somebody must do or break.
    "App>::act",
    "App>::follow_address",
    "App>::take_notice",
    "App>::tell_of_violation",
    "App>::link_note",
    "World>::intervene",
    "World>::crash_process",
    "World>::end_fault",
    "World>::count_listener_strikes",
    "World>::digest",
    "fault::rule::FaultRule",
    "pipeline::listener_faults",
    "pipeline::referee::violation",
    "Cluster>::change_isr",
    "Cluster>::leave_all_isrs",
    "Cluster>::hang_up_at",
    "Cluster>::move_coordinators",
    "World>::process_ended",
    "World>::start_consumer",
    "Producer>::on_send_refused",
    "Producer>::on_call_error",
    "Accumulator>::take_undrained",
    "FailedRecordTracker>::failed",
    "DefaultErrorHandler>::is_retryable",
    "Log>::truncate",
    "GroupCoordinator>::broker_lost",
    "ListenerConsumer>::raise",
    "ListenerConsumer>::call_recoverer",
    "listener::dead_letter",
    "listener::exception",
    // What a script brings along.
    "LabAction",
    "World>::lab_",
    "pipeline::lab",
    "pipeline::text::lab",
    "listener::application_events",
    "listener::consumer::member::",
    // What the default scenario has not: share groups, transactions, compaction, the other assignors.
    "::share::",
    "ShareConsumer",
    "_share",
    "share_",
    "Cluster>::configure_group",
    "Cluster>::release_session",
    "broker::txn",
    "Producer>::on_txn_response",
    "World>::abort_publisher",
    "World>::commit_publisher",
    "pipeline::publisher_txn",
    "World>::begin_for_container",
    "World>::advance_txn",
    "broker::log::compaction",
    "Log>::compact",
    "broker::assignor",
    "Consumer>::begin_modern",
    "Consumer>::modern_",
    "ListenerConsumer>::ack_in_order",
    "GroupCoordinator>::replace_static",
    "ProducerConfig>::set",
    "ClusterConfig>::get",
    "iso_duration",
    // What is written for programmers, and what only searches and long lists need.
    "as core::fmt::Debug>::fmt",
    "listener::fact::Fact as core::fmt::Display",
    "escape_debug",
    "str>::to_lowercase",
    "quicksort::quicksort::<cqrs_lab",
];

const FIRST: &[&str] = &[
    // The compiler folds functions that are the same: these may stand for those of other types too.
    "drop_in_place",
    "<alloc::rc::Rc<",
    "RawVec<",
    "SortedMap<",
    "SortedSet<",
    "Deque<",
    "Option<",
    "ConvertVec",
    "bool as core::fmt::",
    // What the default scenario has of the above.
    "builtin::builtin",
    "BUILTIN::{closure#0}",
    "Programme>::set",
    "assignor::Problem",
    "assignor::Slot",
    "assignor::range",
    "assignor::java",
    "assignor::Assignor",
    "raw_value",
    "Cluster>::share_partition",
    "World>::share_slots",
    "faults::is_share",
    "faults::on_share",
    "scale_shares_as_set",
    "lab_severs",
];
