package recorder.kafka;

/** Waiting for the real system to get somewhere. */
final class Waiting {
    private Waiting() {}

    /** The recorder's own trouble; never a fact about Kafka. */
    static final class Stuck extends RuntimeException {
        Stuck(String message) {
            this(message, null);
        }

        Stuck(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Something that may come to hold. */
    @FunctionalInterface
    interface Check {
        boolean holds() throws Exception;
    }

    /** Looks again and again, at most for {@code ms}; a look that throws counts as "not yet". */
    static void await(long ms, Check check) throws Exception {
        long end = System.nanoTime() + ms * 1_000_000L;
        Exception last = null;
        while (System.nanoTime() < end) {
            try {
                if (check.holds()) return;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(50);
        }
        throw new Stuck("waited in vain", last);
    }
}
