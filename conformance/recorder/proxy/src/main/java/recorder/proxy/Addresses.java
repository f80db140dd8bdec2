package recorder.proxy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ShareAcknowledgeResponseData;
import org.apache.kafka.common.message.ShareFetchResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;

/** Where responses tell a client the addresses of brokers, and how they become those of a proxy. */
final class Addresses {
    private static final String HOST = "localhost";

    private Addresses() {}

    /** The response with the port of the proxy for each broker, which is {@code port} of the broker's id. */
    static byte[] replaced(byte[] frame, RequestHeader asked, IntUnaryOperator port) {
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        short version = asked.apiVersion();
        ResponseHeader.parse(buffer, asked.apiKey().responseHeaderVersion(version));
        byte[] header = Arrays.copyOf(frame, buffer.position());
        ApiMessage body = switch (asked.apiKey()) {
            case METADATA -> metadata(new MetadataResponseData(new ByteBufferAccessor(buffer), version), port);
            case FIND_COORDINATOR -> coordinator(new FindCoordinatorResponseData(new ByteBufferAccessor(buffer), version), port);
            case PRODUCE -> {
                var data = new ProduceResponseData(new ByteBufferAccessor(buffer), version);
                data.nodeEndpoints().forEach(n -> n.setHost(HOST).setPort(port.applyAsInt(n.nodeId())));
                yield data.nodeEndpoints().isEmpty() ? null : data;
            }
            case FETCH -> {
                var data = new FetchResponseData(new ByteBufferAccessor(buffer), version);
                data.nodeEndpoints().forEach(n -> n.setHost(HOST).setPort(port.applyAsInt(n.nodeId())));
                yield data.nodeEndpoints().isEmpty() ? null : data;
            }
            case SHARE_FETCH -> {
                var data = new ShareFetchResponseData(new ByteBufferAccessor(buffer), version);
                data.nodeEndpoints().forEach(n -> n.setHost(HOST).setPort(port.applyAsInt(n.nodeId())));
                yield data.nodeEndpoints().isEmpty() ? null : data;
            }
            case SHARE_ACKNOWLEDGE -> {
                var data = new ShareAcknowledgeResponseData(new ByteBufferAccessor(buffer), version);
                data.nodeEndpoints().forEach(n -> n.setHost(HOST).setPort(port.applyAsInt(n.nodeId())));
                yield data.nodeEndpoints().isEmpty() ? null : data;
            }
            default -> null;
        };
        if (body == null) return frame;
        ByteBuffer changed = MessageUtil.toByteBufferAccessor(body, version).buffer();
        return ByteBuffer.allocate(header.length + changed.remaining()).put(header).put(changed).array();
    }

    private static MetadataResponseData metadata(MetadataResponseData data, IntUnaryOperator port) {
        data.brokers().forEach(b -> b.setHost(HOST).setPort(port.applyAsInt(b.nodeId())));
        return data;
    }

    private static FindCoordinatorResponseData coordinator(FindCoordinatorResponseData data, IntUnaryOperator port) {
        if (data.port() > 0) data.setHost(HOST).setPort(port.applyAsInt(data.nodeId()));
        data.coordinators().stream().filter(c -> c.port() > 0).forEach(c -> c.setHost(HOST).setPort(port.applyAsInt(c.nodeId())));
        return data;
    }
}
