//! The words of the recorded cases and of the Fidelity view.

texts! {
    /// What the Fidelity view and the panel of a recorded case say.
    CaseText {
        search: "Rule, word or case", "규칙, 낱말 또는 사례";
        all: "all", "전체";
        found: "found", "개";
        recorded: "recorded", "개 사례";
        nothing_found: "No rule and no case has these words.", "그런 낱말이 있는 규칙이나 사례가 없습니다.";
        same: "It does the same, as far as can be observed.", "관찰할 수 있는 한 똑같이 동작합니다.";
        left_out: "It is left out.", "모델에 없습니다.";
        no_cases: "No recorded case names this rule; the project's own tests stand behind it.", "이 규칙을 적은 기록된 사례는 없고, 프로젝트의 자체 테스트가 뒷받침합니다.";
        open_case: "Each opens the recorded case on the stage:", "누르면 기록된 사례가 무대에서 열립니다:";
        deviations_none: "Known deviations: none. Every recorded case is met.", "알려진 편차: 없음. 모든 기록된 사례와 일치합니다.";
        deviations: "Known deviations:", "알려진 편차:";
        loading: "Fetching the list of cases…", "사례 목록을 불러오는 중…";
        loading_case: "Fetching what was recorded…", "기록을 불러오는 중…";
        failed: "The recorded cases are files beside the page, and this one did not come:", "기록된 사례는 페이지 옆의 파일인데, 이 파일을 받지 못했습니다:";
        failed_run: "What is on the stage goes on; only what was recorded cannot be ticked off.", "무대의 실행은 계속됩니다. 기록된 사실만 확인할 수 없습니다.";
        retry: "Try again", "다시 시도";
        tab: "Case", "사례";
        case: "Recorded case", "기록된 사례";
        recorded_on: "Recorded on", "기록한 시스템:";
        of: "of", "/";
        facts_came: "recorded facts have come", "개의 기록된 사실이 나타남";
        all_came: "Everything that was recorded has come.", "기록된 모든 것이 나타났습니다.";
        changed: "This run was changed: what no longer comes is marked.", "이 실행은 바뀌었습니다. 더는 나타나지 않는 것은 표시됩니다.";
        restore: "As recorded", "기록대로";
        came: "has come", "나타남";
        ahead: "still to come", "아직";
        missing: "not in this changed run", "바뀐 실행에는 없음";
        wrong: "did not come", "나타나지 않음";
        not_compared: "The real system does not fix:", "실제 시스템이 정하지 않는 것:";
        listener_rules: "What the listener does", "리스너가 하는 일";
        script: "Script and recorded facts", "스크립트와 기록된 사실";
        done: "done", "실행";
        whole_trace: "in this page's trace", "이 페이지의 기록에서";
        state: "in this page's world", "이 페이지의 세계에서";
        rule_title: "how far the page can be trusted here", "여기서 페이지를 얼마나 믿을 수 있나";
    }
}
