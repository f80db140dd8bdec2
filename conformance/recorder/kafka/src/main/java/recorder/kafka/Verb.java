package recorder.kafka;

/** What a verb does; the value is the result that the README of the cases names. */
@FunctionalInterface
interface Verb {
    /** The result of a verb that has no other. */
    String OK = "ok";

    Object perform(Step step) throws Exception;

    /** Something done that has no result of its own. */
    @FunctionalInterface
    interface Act {
        void on(Step step) throws Exception;
    }

    /** A verb whose result is {@link #OK}. */
    static Verb ok(Act act) {
        return step -> {
            act.on(step);
            return OK;
        };
    }
}
