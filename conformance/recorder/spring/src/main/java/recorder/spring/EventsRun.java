package recorder.spring;

import static recorder.spring.Json.*;

import java.lang.reflect.Method;
import java.util.*;
import java.util.concurrent.*;
import javax.sql.DataSource;
import org.springframework.aop.interceptor.AsyncUncaughtExceptionHandler;
import org.springframework.context.annotation.*;
import org.springframework.context.event.EventListener;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.*;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.scheduling.annotation.*;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.*;
import org.springframework.transaction.event.*;
import org.springframework.transaction.support.*;

/** spring-events-*: application events inside one process, with transactions on an in-memory H2 database; no Kafka. */
final class EventsRun extends Run {
    record Event(String name) {}

    private AnnotationConfigApplicationContext context;
    private JdbcTemplate jdbc;
    private Thread caller;

    EventsRun(Broker broker, Map<String, Object> c, String prefix) { super(broker, c, prefix); }

    // ---- one class per annotation text that a case can name ----

    public abstract static class Listener {
        EventsRun run;
        String name;
        void got(Event e) { run.listener(name, e); }
    }

    public static class Plain extends Listener { @EventListener public void on(Event e) { got(e); } }
    public static class Plain1 extends Listener { @EventListener @Order(1) public void on(Event e) { got(e); } }
    public static class Plain2 extends Listener { @EventListener @Order(2) public void on(Event e) { got(e); } }
    public static class AsyncPlain extends Listener { @Async @EventListener public void on(Event e) { got(e); } }
    public static class AfterCommit extends Listener { @TransactionalEventListener public void on(Event e) { got(e); } }
    public static class AfterCommit1 extends Listener { @TransactionalEventListener @Order(1) public void on(Event e) { got(e); } }
    public static class AfterCommit2 extends Listener { @TransactionalEventListener @Order(2) public void on(Event e) { got(e); } }
    public static class BeforeCommit extends Listener {
        @TransactionalEventListener(phase = TransactionPhase.BEFORE_COMMIT) public void on(Event e) { got(e); }
    }
    public static class AfterRollback extends Listener {
        @TransactionalEventListener(phase = TransactionPhase.AFTER_ROLLBACK) public void on(Event e) { got(e); }
    }
    public static class AfterCompletion extends Listener {
        @TransactionalEventListener(phase = TransactionPhase.AFTER_COMPLETION) public void on(Event e) { got(e); }
    }
    public static class Fallback extends Listener {
        @TransactionalEventListener(fallbackExecution = true) public void on(Event e) { got(e); }
    }
    public static class AsyncAfterCommit extends Listener { @Async @TransactionalEventListener public void on(Event e) { got(e); } }
    public static class AfterCommitTransactional extends Listener {
        @TransactionalEventListener @Transactional public void on(Event e) { got(e); }
    }
    public static class AfterCommitRequiresNew extends Listener {
        @TransactionalEventListener @Transactional(propagation = Propagation.REQUIRES_NEW) public void on(Event e) { got(e); }
    }

    private static final Map<String, Class<? extends Listener>> KINDS = Map.ofEntries(
        Map.entry("@EventListener", Plain.class),
        Map.entry("@EventListener @Order(1)", Plain1.class),
        Map.entry("@EventListener @Order(2)", Plain2.class),
        Map.entry("@Async @EventListener", AsyncPlain.class),
        Map.entry("@TransactionalEventListener", AfterCommit.class),
        Map.entry("@TransactionalEventListener @Order(1)", AfterCommit1.class),
        Map.entry("@TransactionalEventListener @Order(2)", AfterCommit2.class),
        Map.entry("@TransactionalEventListener(phase = BEFORE_COMMIT)", BeforeCommit.class),
        Map.entry("@TransactionalEventListener(phase = AFTER_ROLLBACK)", AfterRollback.class),
        Map.entry("@TransactionalEventListener(phase = AFTER_COMPLETION)", AfterCompletion.class),
        Map.entry("@TransactionalEventListener(fallbackExecution = true)", Fallback.class),
        Map.entry("@Async @TransactionalEventListener", AsyncAfterCommit.class),
        Map.entry("@TransactionalEventListener @Transactional", AfterCommitTransactional.class),
        Map.entry("@TransactionalEventListener @Transactional(propagation = REQUIRES_NEW)", AfterCommitRequiresNew.class));

    @Configuration
    @EnableAsync
    @EnableTransactionManagement(proxyTargetClass = true)
    public static class Config implements AsyncConfigurer {
        private final EventsRun run;
        Config(EventsRun run) { this.run = run; }

        @Override public Executor getAsyncExecutor() { return run.executor; }
        @Override public AsyncUncaughtExceptionHandler getAsyncUncaughtExceptionHandler() {
            return (Throwable t, Method m, Object... args) -> run.trace.add("async", map("async_uncaught", t.getClass().getName()));
        }
    }

    private final ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();

    @Override Map<String, Object> execute() throws Exception {
        caller = Thread.currentThread();
        executor.initialize();
        DataSource ds = new DriverManagerDataSource("jdbc:h2:mem:" + names.prefix() + ";DB_CLOSE_DELAY=-1");
        if (Boolean.FALSE.equals(given.get("connections_autocommit"))) ds = autoCommitOff(ds);
        jdbc = new JdbcTemplate(ds);
        DataSource dataSource = ds;
        for (Object t : list(given.get("tables"))) jdbc.execute("create table " + t + " (v varchar(50))");
        context = new AnnotationConfigApplicationContext();
        context.registerBean("transactionManager", PlatformTransactionManager.class, () -> new JdbcTransactionManager(dataSource));
        context.registerBean(Config.class, () -> new Config(this));
        for (Object l : list(given.get("listeners"))) register(obj(l));
        try {
            context.refresh();
            for (Object s : script) if (obj(s).containsKey("do")) call(obj(s));
            executor.setWaitForTasksToCompleteOnShutdown(true);
            executor.setAwaitTerminationSeconds(10);
            executor.shutdown();
        } catch (org.springframework.beans.BeansException e) {
            Throwable cause = org.springframework.core.NestedExceptionUtils.getMostSpecificCause(e);
            trace.add("caller", map("context_failed", cause.getClass().getName(), "message", cause.getMessage().replaceAll(": public .*", "")));
        }
        trace.freeze();
        Map<String, Object> lanes = trace.perMember(false);
        if (lanes.size() > 1) observed.put("traces", lanes);
        else observed.put("trace", trace.flat());
        Map<String, Object> rows = new LinkedHashMap<>();
        for (Object t : list(given.get("tables"))) rows.put((String) t, jdbc.queryForList("select v from " + t + " order by v", String.class));
        observed.put("rows", rows);
        context.close();
        return observed;
    }

    /** As a pool with auto-commit=false does: what is not committed when the connection is given back is lost. */
    private static DataSource autoCommitOff(DataSource ds) {
        return new DelegatingDataSource(ds) {
            @Override public java.sql.Connection getConnection() throws java.sql.SQLException {
                java.sql.Connection c = super.getConnection();
                c.setAutoCommit(false);
                return c;
            }
        };
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private void register(Map<String, Object> l) {
        Class kind = KINDS.get(str(l.get("annotations")));
        context.registerBean(str(l.get("name")), kind, () -> {
            try {
                Listener x = (Listener) kind.getConstructor().newInstance();
                x.run = this;
                x.name = str(l.get("name"));
                return x;
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** {"do":"in_transaction"|"without_transaction","steps":[...]}: a service method; then what its caller saw. */
    private void call(Map<String, Object> s) {
        try {
            switch (str(s.get("do"))) {
                case "in_transaction" -> new TransactionTemplate(context.getBean(PlatformTransactionManager.class))
                    .executeWithoutResult(status -> perform(list(s.get("steps")), status));
                case "without_transaction" -> perform(list(s.get("steps")), null);
                default -> throw new IllegalArgumentException(str(s.get("do")));
            }
            trace.add("caller", map("caller", "returned normally"));
        } catch (RuntimeException e) {
            trace.add("caller", map("caller", "exception", "exception", e.getClass().getName()));
        }
    }

    private void perform(List<Object> steps, org.springframework.transaction.TransactionStatus status) {
        for (Object o : steps) {
            Map<String, Object> a = obj(o);
            if (a.containsKey("insert")) insert(a, "caller");
            else if (a.containsKey("publish")) {
                try {
                    context.publishEvent(new Event(str(a.get("publish"))));
                    trace.add("caller", map("publish_returned", a.get("publish")));
                } catch (RuntimeException e) {
                    trace.add("caller", map("publish_threw", e.getClass().getName()));
                    if (!a.containsKey("catch")) throw e;
                }
            }
            else if (a.containsKey("rollback_only")) status.setRollbackOnly();
            else if (a.containsKey("throw")) throw Values.exception(a);
            else if (a.containsKey("await_listener")) this.steps.await(map("event", "listener_done", "times", 1));
            else throw new IllegalArgumentException("step " + a);
        }
    }

    private void insert(Map<String, Object> a, String lane) {
        jdbc.update("insert into " + a.get("insert") + " values (?)", a.get("value"));
        trace.add(lane, map("insert", a.get("insert"), "value", a.get("value")));
    }

    void listener(String name, Event e) {
        String lane = Thread.currentThread() == caller ? "caller" : "async";
        trace.add(lane, map("listener", name, "event", e.name(), "transaction_active", TransactionSynchronizationManager.isActualTransactionActive()));
        try {
            for (Object l : list(given.get("listeners"))) {
                if (!name.equals(obj(l).get("name"))) continue;
                for (Object o : list(obj(l).get("does"))) {
                    Map<String, Object> a = obj(o);
                    if (a.containsKey("if_event") && !e.name().equals(a.get("if_event"))) continue;
                    if (a.containsKey("insert")) insert(a, lane);
                    else if (a.containsKey("count"))
                        trace.add(lane, map("count", a.get("count"), "rows", jdbc.queryForObject("select count(*) from " + a.get("count"), Integer.class)));
                    else if (a.containsKey("publish")) context.publishEvent(new Event(str(a.get("publish"))));
                    else if (a.containsKey("throw")) throw Values.exception(a);
                    else throw new IllegalArgumentException("action " + a);
                }
            }
        } finally {
            if (lane.equals("async")) trace.add(lane, map("listener_done", name));
        }
    }
}
