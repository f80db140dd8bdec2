package recorder.proxy;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * A small TCP proxy between a client and the brokers: it can lose a request or a response, it can be shut for a while, and it can
 * cut everything, as the death of the client's process does. A connection on which something was lost carries nothing any more in either direction, as
 * when the path behind it broke; the client finds out by {@code request.timeout.ms} and makes another one.
 */
public final class Proxy implements AutoCloseable {
    /** What can be lost: requests of a kind, or the responses to them. */
    private record Loss(ApiKeys api, boolean response) {}

    private final IntUnaryOperator portOfBroker;
    private final List<ServerSocket> doors = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private final Map<Loss, Integer> losses = new ConcurrentHashMap<>();
    private volatile boolean closed;
    private volatile boolean shut;

    /** One before brokers 0 to {@code brokers} - 1, whose real ports may change. */
    public Proxy(int brokers, IntUnaryOperator portOfBroker) throws IOException {
        this.portOfBroker = portOfBroker;
        for (int broker = 0; broker < brokers; broker++) {
            ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            doors.add(door);
            int id = broker;
            thread(() -> accept(door, id));
        }
    }

    /** Its own addresses, as {@code bootstrap.servers}. */
    public String bootstrap() {
        return IntStream.range(0, doors.size()).mapToObj(i -> "localhost:" + port(i)).collect(Collectors.joining(","));
    }

    /** The port at which this proxy stands for a broker. */
    int port(int broker) {
        return doors.get(broker).getLocalPort();
    }

    /** The next {@code times} requests of this kind are lost, or the responses to them. */
    public void lose(ApiKeys api, boolean response, int times) {
        losses.put(new Loss(api, response), times);
    }

    /** All connections break, and new ones break as soon as they are made; until it is opened again. */
    public void setShut(boolean shut) {
        this.shut = shut;
        if (shut) cut();
    }

    /** All connections break and none is accepted any more. */
    @Override
    public void close() {
        closed = true;
        doors.forEach(Proxy::quietly);
        cut();
    }

    private void cut() {
        synchronized (sockets) {
            sockets.forEach(Proxy::quietly);
            sockets.clear();
        }
    }

    private static void quietly(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception ignored) {
            // it is closed already
        }
    }

    private static void thread(Runnable what) {
        Thread thread = new Thread(what, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept(ServerSocket door, int broker) {
        while (!closed) {
            Socket client = null;
            try {
                client = door.accept();
                if (shut) quietly(client);
                else connect(client, broker);
            } catch (IOException e) {
                if (client != null) quietly(client); // the broker is down
            }
        }
    }

    private void connect(Socket client, int broker) throws IOException {
        Socket server = new Socket(InetAddress.getLoopbackAddress(), portOfBroker.applyAsInt(broker));
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        synchronized (sockets) {
            sockets.add(client);
            sockets.add(server);
        }
        new Connection(client, server).start();
        if (closed || shut) cut();
    }

    private boolean strikes(ApiKeys api, boolean response) {
        Integer left = losses.computeIfPresent(new Loss(api, response), (loss, n) -> n - 1);
        return left != null && left >= 0;
    }

    /** One connection of the client and the one to the broker that belongs to it. */
    private final class Connection {
        private final Socket client;
        private final Socket server;
        private final Map<Integer, RequestHeader> asked = new ConcurrentHashMap<>();
        private volatile int lostResponse = -1;
        private volatile boolean dead;

        Connection(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void start() {
            thread(() -> pump(client, server, this::request));
            thread(() -> pump(server, client, this::response));
        }

        private interface Filter {
            /** The frame as it goes on, null if it does not. */
            byte[] pass(byte[] frame);
        }

        private void pump(Socket from, Socket to, Filter filter) {
            try {
                DataInputStream in = new DataInputStream(from.getInputStream());
                OutputStream out = to.getOutputStream();
                while (true) {
                    byte[] frame = in.readNBytes(in.readInt());
                    byte[] passed = filter.pass(frame);
                    if (passed == null) continue;
                    out.write(ByteBuffer.allocate(4 + passed.length).putInt(passed.length).put(passed).array());
                    out.flush();
                }
            } catch (EOFException e) {
                // one side has closed; so does the other
            } catch (IOException e) {
                // likewise
            } finally {
                quietly(client);
                quietly(server);
            }
        }

        private byte[] request(byte[] frame) {
            if (dead) return null;
            RequestHeader header = RequestHeader.parse(ByteBuffer.wrap(frame));
            asked.put(header.correlationId(), header);
            if (strikes(header.apiKey(), false)) {
                dead = true;
                return null;
            }
            if (strikes(header.apiKey(), true)) {
                lostResponse = header.correlationId();
                dead = true; // what was on its way before it still comes back, see response()
            }
            return frame;
        }

        private byte[] response(byte[] frame) {
            RequestHeader header = asked.remove(ByteBuffer.wrap(frame).getInt());
            boolean lost = dead && (lostResponse < 0 || header == null || header.correlationId() >= lostResponse);
            if (lost || header == null) return null;
            return Addresses.replaced(frame, header, Proxy.this::port);
        }
    }
}
