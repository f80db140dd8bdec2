package recorder.spring;

import static recorder.spring.Json.*;

import java.nio.charset.StandardCharsets;
import java.util.*;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.header.Headers;
import org.springframework.dao.*;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** The bank's account view in a real database (H2): balances, and the dedupe table if the case has one. */
final class AccountView {
    private final boolean dedupe;
    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private volatile boolean down;

    AccountView(String name, Map<String, Object> bank) {
        DataSource dataSource = new DriverManagerDataSource("jdbc:h2:mem:" + name + "bank;DB_CLOSE_DELAY=-1");
        dedupe = switch (str(bank.get("idempotency"))) {
            case "dedupe-table" -> true;
            case "none" -> false;
            default -> throw new IllegalArgumentException("idempotency " + bank.get("idempotency"));
        };
        jdbc = new JdbcTemplate(dataSource);
        transaction = new TransactionTemplate(new JdbcTransactionManager(dataSource));
        jdbc.execute("create table account_view (account varchar(4) primary key, balance bigint not null)");
        jdbc.execute("create table processed_event (event varchar(40) primary key)");
        for (int i = 0; i < num(bank.get("accounts"), 2); i++)
            jdbc.update("insert into account_view values (?, ?)", String.valueOf((char) ('A' + i)), num(bank.get("opening_balance"), 0));
    }

    /** What the event MoneyTransferred says, beside its id. */
    static Headers payload(Map<String, Object> transfer) {
        RecordHeaders h = new RecordHeaders();
        for (String k : List.of("from", "to", "amount")) h.add(k, str(transfer.get(k)).getBytes(StandardCharsets.UTF_8));
        return h;
    }

    /** One transaction: the event's id into the dedupe table, and both balances. */
    void apply(ConsumerRecord<?, ?> r) {
        if (down) throw new DataAccessResourceFailureException("connection refused");
        transaction.executeWithoutResult(status -> {
            if (dedupe && !isNew(str(r.value()))) return;
            int amount = Integer.parseInt(header(r, "amount"));
            jdbc.update("update account_view set balance = balance - ? where account = ?", amount, header(r, "from"));
            jdbc.update("update account_view set balance = balance + ? where account = ?", amount, header(r, "to"));
        });
    }

    private boolean isNew(String event) {
        try {
            return jdbc.update("insert into processed_event values (?)", event) == 1;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    private static String header(ConsumerRecord<?, ?> r, String name) {
        return new String(r.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    /** From now on it refuses connections, or takes them again. */
    void setDown(boolean down) { this.down = down; }

    Map<String, Object> balances() {
        Map<String, Object> m = new LinkedHashMap<>();
        jdbc.query("select account, balance from account_view order by account", row -> { m.put(row.getString(1), row.getInt(2)); });
        return m;
    }

    List<String> processed() { return jdbc.queryForList("select event from processed_event order by event", String.class); }
}
