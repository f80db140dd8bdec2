//! The nodes of the picture as people call them.

use super::Lang;
use crate::fault::Node;

/// A node's name.
pub(crate) fn name(node: Node, lang: Lang) -> String {
    let (en, ko, number) = match node {
        Node::Viewer => ("you", "나", None),
        Node::Client(n) => ("client", "클라이언트", Some(n)),
        Node::Api => ("API", "API", None),
        Node::WriteDb => ("write DB", "쓰기 DB", None),
        Node::Relay => ("relay", "릴레이", None),
        Node::Producer(n) => ("producer", "생산자", Some(n)),
        Node::Controller => ("controller", "컨트롤러", None),
        Node::Broker(n) => ("broker", "브로커", Some(n)),
        Node::Consumer(n) => ("consumer", "소비자", Some(n)),
        Node::Member(n) => ("member", "멤버", Some(n)),
        Node::ShareConsumer(n) => ("share consumer", "공유 소비자", Some(n)),
        Node::ReadDb => ("read DB", "읽기 DB", None),
        Node::Query => ("query API", "조회 API", None),
        Node::Tool => ("tool", "도구", None),
    };
    match number {
        Some(number) => [lang.pick(en, ko), " ", &number.to_string()].concat(),
        None => lang.pick(en, ko).to_owned(),
    }
}
