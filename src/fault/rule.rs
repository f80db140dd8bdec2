//! One fault that somebody laid: kind, target, moment. Knows nothing of how it is carried out.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FaultKind, Link, Node};
use crate::kernel::SimTime;
use crate::typed_id;

typed_id!(
    /// A fault of a run, in the order in which they were laid.
    FaultId
);

/// What a fault is laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A link; of one node at one of its ends only, if `of` is given.
    Link {
        /// The link.
        link: Link,
        /// The only node concerned.
        of: Option<Node>,
    },
    /// A node.
    Node(Node),
    /// Any consumer of the group with this number.
    Group(u32),
    /// Any consumer.
    AnyConsumer,
    /// Any client.
    AnyClient,
    /// The cluster as a whole (or its topic).
    Cluster,
}

impl Target {
    /// Whether the node is concerned (a link is no node's own).
    pub fn holds(&self, node: Node, group: Option<u32>) -> bool {
        match *self {
            Target::Link { .. } | Target::Cluster => false,
            Target::Node(own) => own == node,
            Target::Group(own) => matches!(node, Node::Consumer(_) | Node::ShareConsumer(_)) && group == Some(own),
            Target::AnyConsumer => matches!(node, Node::Consumer(_)),
            Target::AnyClient => matches!(node, Node::Client(_)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Link { link, of: None } => write!(f, "{link}"),
            Target::Link { link, of: Some(node) } => write!(f, "{link}@{node}"),
            Target::Node(node) => write!(f, "{node}"),
            Target::Group(group) => write!(f, "group-{group}"),
            Target::AnyConsumer => f.write_str("any-consumer"),
            Target::AnyClient => f.write_str("any-client"),
            Target::Cluster => f.write_str("cluster"),
        }
    }
}

/// The sorts of target; [`FaultKind::target_kind`] says which one a fault wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A link.
    Link,
    /// The API.
    Api,
    /// The relay.
    Relay,
    /// The API or the relay: whoever publishes.
    Publisher,
    /// The write database.
    WriteDb,
    /// A broker.
    Broker,
    /// A consumer, any consumer of a group, or any consumer.
    Consumer,
    /// The read database.
    ReadDb,
    /// The query API.
    Query,
    /// A client or any client.
    Client,
    /// The cluster.
    Cluster,
}

impl TargetKind {
    /// Whether a target is of this sort.
    pub fn fits(self, target: &Target) -> bool {
        match (self, target) {
            (TargetKind::Link, Target::Link { .. }) | (TargetKind::Cluster, Target::Cluster) => true,
            (TargetKind::Consumer, Target::Group(_) | Target::AnyConsumer) | (TargetKind::Client, Target::AnyClient) => true,
            (TargetKind::Publisher, Target::Node(node)) => matches!(node, Node::Api | Node::Relay),
            (kind, Target::Node(node)) => kind == TargetKind::of_node(*node),
            _ => false,
        }
    }

    /// The sort of target that a node is; [`TargetKind::Cluster`] for nodes on which no fault is laid by name.
    pub fn of_node(node: Node) -> TargetKind {
        match node {
            Node::Api => TargetKind::Api,
            Node::Relay => TargetKind::Relay,
            Node::WriteDb => TargetKind::WriteDb,
            Node::Broker(_) => TargetKind::Broker,
            Node::Consumer(_) | Node::ShareConsumer(_) => TargetKind::Consumer,
            Node::ReadDb => TargetKind::ReadDb,
            Node::Query => TargetKind::Query,
            Node::Client(_) => TargetKind::Client,
            Node::Viewer | Node::Producer(_) | Node::Controller | Node::Member(_) | Node::Tool => TargetKind::Cluster,
        }
    }
}

/// When a fault acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Moment {
    /// Once, now.
    Immediate,
    /// From now until the given instant, or until it is ended by hand.
    Lasting {
        /// The end, exclusive.
        until: Option<SimTime>,
    },
    /// At each of the next so many matching moments, from 1 on.
    Armed {
        /// How many times.
        times: u32,
    },
}

/// The sorts of moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // as in `Moment`
pub enum MomentKind {
    Immediate,
    Lasting,
    Armed,
}

impl Moment {
    /// The sort of moment.
    pub const fn kind(&self) -> MomentKind {
        match self {
            Moment::Immediate => MomentKind::Immediate,
            Moment::Lasting { .. } => MomentKind::Lasting,
            Moment::Armed { .. } => MomentKind::Armed,
        }
    }
}

/// A fault as it was laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FaultRule {
    /// What goes wrong.
    pub kind: FaultKind,
    /// On what.
    pub target: Target,
    /// When.
    pub moment: Moment,
    /// The number that [`FaultKind::amount`] describes; 0 if the kind has none.
    pub amount: u64,
}

/// Why a fault cannot be laid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultError {
    /// The kind cannot be laid on such a target.
    Target {
        /// The kind.
        kind: FaultKind,
        /// The target given.
        target: Target,
    },
    /// The kind has no such moment.
    Moment {
        /// The kind.
        kind: FaultKind,
        /// The sort of moment given.
        moment: MomentKind,
    },
    /// The number is out of range.
    Amount {
        /// The kind.
        kind: FaultKind,
        /// The number given.
        amount: u64,
    },
    /// As many faults stand as may ([`FAULTS_MAX`](super::FAULTS_MAX)).
    TooMany,
    /// No such fault stands.
    Unknown(FaultId),
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultError::Target { kind, target } => {
                write!(f, "fault `{kind}` cannot be laid on `{target}`: it wants a target of the sort {:?}", kind.target_kind())
            }
            FaultError::Moment { kind, moment } => {
                write!(f, "fault `{kind}` cannot be {moment:?}: it can be {:?}", kind.moments())
            }
            FaultError::Amount { kind, amount } => match kind.amount() {
                Some(a) => write!(f, "fault `{kind}` with {amount}: the number is {:?} from {} to {}", a.unit, a.min, a.max),
                None => write!(f, "fault `{kind}` with {amount}: it has no number (0)"),
            },
            FaultError::TooMany => write!(f, "{} faults stand already: end one first", super::FAULTS_MAX),
            FaultError::Unknown(id) => write!(f, "no fault number {} stands", id.0),
        }
    }
}

impl std::error::Error for FaultError {}

impl FaultRule {
    /// A fault with the first moment that its kind offers and its default number.
    pub fn usual(kind: FaultKind, target: Target) -> FaultRule {
        let moment = match kind.moments()[0] {
            MomentKind::Immediate => Moment::Immediate,
            MomentKind::Lasting => Moment::Lasting { until: None },
            MomentKind::Armed => Moment::Armed { times: 1 },
        };
        FaultRule { kind, target, moment, amount: kind.amount().map_or(0, |a| a.default) }
    }

    /// Checks that target, moment and number fit the kind.
    ///
    /// # Errors
    /// Names the part that does not fit, and what would.
    pub fn check(&self) -> Result<(), FaultError> {
        let kind = self.kind;
        if !kind.target_kind().fits(&self.target) {
            return Err(FaultError::Target { kind, target: self.target });
        }
        if !kind.fits_moment(self.moment.kind()) || self.moment == (Moment::Armed { times: 0 }) {
            return Err(FaultError::Moment { kind, moment: self.moment.kind() });
        }
        let (min, max) = kind.amount().map_or((0, 0), |a| (a.min, a.max));
        if !(min..=max).contains(&self.amount) {
            return Err(FaultError::Amount { kind, amount: self.amount });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rule_of_every_kind_is_valid_on_a_fitting_target() {
        for kind in FaultKind::all() {
            let target = match kind.target_kind() {
                TargetKind::Link => Target::Link { link: Link::Fetch, of: None },
                TargetKind::Api => Target::Node(Node::Api),
                TargetKind::Relay | TargetKind::Publisher => Target::Node(Node::Relay),
                TargetKind::WriteDb => Target::Node(Node::WriteDb),
                TargetKind::Broker => Target::Node(Node::Broker(1)),
                TargetKind::Consumer => Target::AnyConsumer,
                TargetKind::ReadDb => Target::Node(Node::ReadDb),
                TargetKind::Query => Target::Node(Node::Query),
                TargetKind::Client => Target::AnyClient,
                TargetKind::Cluster => Target::Cluster,
            };
            assert_eq!(FaultRule::usual(*kind, target).check(), Ok(()), "{kind}");
        }
    }

    #[test]
    fn a_rule_that_does_not_fit_names_what_is_wrong() {
        let mut rule = FaultRule::usual(FaultKind::LinkSlow, Target::Node(Node::Api));
        assert!(matches!(rule.check(), Err(FaultError::Target { .. })));
        rule.target = Target::Link { link: Link::Fetch, of: None };
        rule.amount = 0;
        assert!(matches!(rule.check(), Err(FaultError::Amount { .. })));
        rule.amount = 5;
        rule.moment = Moment::Armed { times: 1 };
        assert!(rule.check().expect_err("a slow link lasts").to_string().contains("Lasting"));
    }
}
