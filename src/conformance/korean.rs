//! Lines about recorded steps and facts in Korean: what a part begins with is called in Korean; names, values, classes and
//! headers stay as they are.

/// What stands between the parts of a line.
const BETWEEN: [&str; 4] = [" · ", "; ", ": ", ", "];

/// What a part can begin with; of two that fit the longer one counts.
const BEGINNINGS: [(&str, &str); 125] = [
    ("abort", "트랜잭션 중단"),
    ("ack", "ack"),
    ("acknowledged", "확인됨"),
    ("add partitions", "파티션 추가"),
    ("advance", "시간 보내기"),
    ("after", "뒤"),
    ("alter group", "그룹 설정 변경"),
    ("alter topic", "토픽 설정 변경"),
    ("amount", "금액"),
    ("api error", "API 오류"),
    ("append", "덧붙이기"),
    ("assign", "직접 할당"),
    ("assigned", "할당됨"),
    ("assignment", "할당"),
    ("at least ms", "최소 ms"),
    ("attempt", "시도"),
    ("attempt header", "시도 헤더"),
    ("await", "기다리기"),
    ("balances", "잔액"),
    ("before", "앞"),
    ("begin", "트랜잭션 시작"),
    ("bytes", "바이트"),
    ("call", "호출"),
    ("caller returned", "호출자에게 반환"),
    ("changes", "변경"),
    ("commit", "커밋"),
    ("commit async", "비동기 커밋"),
    ("commit failed", "커밋 실패"),
    ("committed", "커밋된 오프셋"),
    ("committed by", "커밋된 오프셋, 그룹"),
    ("compact", "압축"),
    ("consumer stopped", "소비자 정지됨"),
    ("context failed", "컨텍스트 시작 실패"),
    ("count", "개수"),
    ("crash", "강제 종료"),
    ("create topic", "토픽 만들기"),
    ("database", "데이터베이스"),
    ("delete records", "레코드 삭제"),
    ("deliver", "전달"),
    ("deliver batch", "배치 전달"),
    ("deliveries", "전달 수"),
    ("delivery", "전달 횟수"),
    ("drain", "모두 읽기"),
    ("end", "끝"),
    ("error", "오류"),
    ("event", "이벤트"),
    ("events", "이벤트"),
    ("exception", "예외"),
    ("failed", "실패"),
    ("failed batch", "배치 실패"),
    ("first", "처음"),
    ("first read", "첫 읽기"),
    ("from", "보낸 쪽"),
    ("generation", "세대"),
    ("got", "받음"),
    ("group", "그룹"),
    ("handled", "처리됨"),
    ("headers", "헤더"),
    ("idle", "유휴"),
    ("in transaction", "트랜잭션 안에서"),
    ("init", "트랜잭션 초기화"),
    ("insert", "행 삽입"),
    ("join", "그룹 참여"),
    ("key", "키"),
    ("kill", "강제 종료"),
    ("killed", "강제 종료됨"),
    ("last", "마지막"),
    ("leave", "그룹 떠나기"),
    ("left", "남은 것"),
    ("listener", "리스너"),
    ("listener done", "리스너 끝남"),
    ("log", "로그"),
    ("lose", "잃게 하기"),
    ("lost", "잃음"),
    ("member", "멤버"),
    ("none", "없음"),
    ("observe", "살펴보기"),
    ("offset", "오프셋"),
    ("offsets", "오프셋"),
    ("offsets to transaction", "트랜잭션에 오프셋"),
    ("on delivery", "전달 횟수"),
    ("open producer", "생산자 열기"),
    ("order of", "순서,"),
    ("partition", "파티션"),
    ("partitions", "파티션"),
    ("pause", "일시정지"),
    ("paused", "일시정지됨"),
    ("poll failed", "poll 실패"),
    ("position", "위치"),
    ("processed", "처리된 이벤트"),
    ("publish", "발행"),
    ("publish returned", "발행 반환"),
    ("publish threw", "발행이 예외를 던짐"),
    ("read", "읽기"),
    ("read committed", "커밋된 것만 읽기"),
    ("record", "레코드"),
    ("records", "레코드"),
    ("recovered", "복구됨"),
    ("recovered batch", "배치 복구됨"),
    ("recovery failed", "복구 실패"),
    ("release", "풀기"),
    ("resume", "재개"),
    ("retry topic", "재시도 토픽"),
    ("revoked", "회수됨"),
    ("rows of", "행,"),
    ("script", "스크립트"),
    ("seek", "위치 옮기기(seek)"),
    ("segments", "세그먼트"),
    ("send", "보내기"),
    ("settle", "잠잠해질 때까지"),
    ("stall", "poll 멈추기"),
    ("start", "시작"),
    ("start failed", "시작 실패"),
    ("state", "상태"),
    ("steps", "단계,"),
    ("stop", "정지"),
    ("timestamp", "타임스탬프"),
    ("to", "받는 쪽"),
    ("topic", "토픽"),
    ("transaction active", "트랜잭션 중"),
    ("transfer", "송금"),
    ("value", "값"),
    ("values", "값"),
    ("wait", "기다리기"),
    ("without transaction", "트랜잭션 없이"),
];

/// A line in Korean.
pub(super) fn korean(line: &str) -> String {
    let next = BETWEEN.iter().filter_map(|between| line.find(between).map(|at| (at, *between))).min_by_key(|(at, _)| *at);
    match next {
        Some((at, between)) => [&part(&line[..at]), between, &korean(&line[at + between.len()..])].concat(),
        None => part(line),
    }
}

fn part(text: &str) -> String {
    let fits = |beginning: &str| text.strip_prefix(beginning).filter(|rest| rest.is_empty() || rest.starts_with(' '));
    let best = BEGINNINGS.iter().filter_map(|(en, ko)| Some((en, ko, fits(en)?))).max_by_key(|(en, ..)| en.len());
    best.map_or_else(|| text.to_owned(), |(_, ko, rest)| [*ko, rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_part_begins_with_is_korean_and_the_rest_stays() {
        assert_eq!(korean("deliver t-0@2 · delivery 2 · value v2"), "전달 t-0@2 · 전달 횟수 2 · 값 v2");
        assert_eq!(korean("c1: poll t-0@0 t-0@1"), "c1: poll t-0@0 t-0@1");
        assert_eq!(korean("committed by g: t-0 6"), "커밋된 오프셋, 그룹 g: t-0 6");
        assert_eq!(korean("listener, on delivery 1 · value v2: nack ms 200"), "리스너, 전달 횟수 1 · 값 v2: nack ms 200");
        assert_eq!(korean("failed t-0@1 · exception java.lang.IllegalStateException"), "실패 t-0@1 · 예외 java.lang.IllegalStateException");
        assert_eq!(korean("valued"), "valued", "a word is not its beginning");
    }

    #[test]
    fn no_beginning_stands_twice() {
        let mut all: Vec<&str> = BEGINNINGS.iter().map(|(en, _)| *en).collect();
        all.dedup();
        assert_eq!(all.len(), BEGINNINGS.len());
        assert!(all.is_sorted(), "in the order of the alphabet");
    }
}
