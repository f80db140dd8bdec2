//! The details of a fact in Korean: what is prose in them. Names of properties, classes and calls stay as they are, and so
//! do the client's own reasons and messages, which one finds in its log in the same words.

use super::Lang;
use crate::pipeline::Word;

/// Words and phrases of details; of two that begin alike the longer one stands first.
const PHRASES: [(&str, &str); 80] = [
    ("insufficient_funds", "잔액 부족"),
    ("unknown_account", "없는 계좌"),
    ("same_account", "같은 계좌"),
    ("amount_not_positive", "0 이하 금액"),
    ("amount_too_large", "너무 큰 금액"),
    ("account_exists", "이미 있는 계좌"),
    ("own_write_missing", "자기 쓰기 없음"),
    ("went_back", "전보다 옛값"),
    ("stale", "뒤처짐"),
    ("transfer", "송금"),
    ("deposit", "입금"),
    ("withdraw", "출금"),
    ("open", "개설"),
    ("attempt", "시도"),
    ("row", "행"),
    ("position", "위치"),
    ("generation", "세대"),
    ("delivery", "전달"),
    ("accept", "수락"),
    ("reject", "거부"),
    ("release", "풀기"),
    ("lock timed out", "잠금 시간 끝"),
    ("session closed", "세션 닫힘"),
    ("accepted", "접수됨"),
    ("unknown", "모름"),
    ("after", "걸린 시간"),
    ("by Committed", "커밋된 오프셋에서"),
    ("by Reset", "초기화 정책에서"),
    ("by Seek", "seek에서"),
    ("call the service", "서비스 호출,"),
    ("without a transaction", "트랜잭션 없이"),
    ("append", "덧붙임,"),
    ("lose", "잃게 함,"),
    ("responses to", "응답,"),
    ("requests", "요청,"),
    ("on the executor's thread", "실행기 스레드에서"),
    ("in a transaction", "트랜잭션 안"),
    ("without transaction", "트랜잭션 없음"),
    ("timed out", "시간 초과"),
    ("in order", "정상 종료"),
    ("killed", "강제 종료"),
    ("unclean", "비정상(unclean)"),
    ("offset unknown", "오프셋 모름"),
    ("no such offset", "그런 오프셋 없음"),
    ("first offset", "첫 오프셋"),
    ("no records", "레코드 없음"),
    ("nothing to commit", "커밋할 것 없음"),
    ("log start", "로그 시작"),
    ("timestamp", "타임스탬프"),
    ("done", "끝"),
    ("act", "동작"),
    ("create topic", "토픽 만들기"),
    ("add partitions to", "파티션 추가,"),
    ("alter topic", "토픽 설정 변경"),
    ("alter group", "그룹 설정 변경"),
    ("delete records of", "레코드 삭제,"),
    ("delete offsets of", "오프셋 삭제,"),
    ("delete offset of", "오프셋 삭제,"),
    ("delete group", "그룹 삭제"),
    ("reset offsets of", "오프셋 재설정,"),
    ("list offset of", "오프셋 조회,"),
    ("partitions", "파티션"),
    ("before", "이 앞까지"),
    ("producer", "생산자"),
    ("sends", "보냄,"),
    ("subscribes to", "구독,"),
    ("is assigned", "직접 할당,"),
    ("polls until nothing comes", "다 올 때까지 poll"),
    ("finishes its poll", "poll을 마침"),
    ("stops calling poll", "poll을 멈춤"),
    ("polls again", "다시 poll"),
    ("dies", "죽음"),
    ("start container", "컨테이너 시작"),
    ("stop container", "컨테이너 정지"),
    ("pause container", "컨테이너 일시정지"),
    ("resume container", "컨테이너 재개"),
    ("start application with", "애플리케이션 시작,"),
    ("the coordinator of", "코디네이터, 그룹"),
    ("group", "그룹"),
    ("records", "레코드"),
];

/// Whether the details are the client's own words.
fn is_quoted(word: Word) -> bool {
    matches!(word, Word::ApiError | Word::StartFailed | Word::Joining | Word::Left | Word::Rebalancing | Word::Set | Word::PollFailed)
}

/// The details of a fact in the viewer's language.
pub(crate) fn details(word: Word, text: String, lang: Lang) -> String {
    if lang == Lang::En || is_quoted(word) {
        return text;
    }
    // Framed by spaces, so that a phrase is found at both ends too.
    let mut out = [" ", &text, " "].concat();
    for (en, ko) in PHRASES {
        for end in [" ", ",", ":"] {
            let (from, to) = ([" ", en, end].concat(), [" ", ko, end].concat());
            if out.contains(&from) {
                out = out.replace(&from, &to);
            }
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_korean_and_names_stay() {
        let ko = |word, text: &str| details(word, text.to_owned(), Lang::Ko);
        assert_eq!(ko(Word::CommandIssued, "transfer 30 C>A"), "송금 30 C>A");
        assert_eq!(ko(Word::CommandRejected, "insufficient_funds"), "잔액 부족");
        assert_eq!(ko(Word::Delivered, "transfer-events-1@9 attempt 2"), "transfer-events-1@9 시도 2");
        assert_eq!(ko(Word::QueryAnswered, "q7 A 970 v3 stale 1.8 s"), "q7 A 970 v3 뒤처짐 1.8 s");
        assert_eq!(ko(Word::Lab, "create topic t, partitions 2"), "토픽 만들기 t, 파티션 2");
        assert_eq!(ko(Word::Joining, "group is already rebalancing"), "group is already rebalancing", "as in the client's log");
        assert_eq!(details(Word::CommandIssued, "transfer 30 C>A".to_owned(), Lang::En), "transfer 30 C>A");
    }
}
