import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.concurrent.Executors;

/**
 * An anysms plugin. Plugin.java, Tls.java and Protocol.java are the handshake and the services,
 * which are the same for every driver; Acme.java and Attempt.java are the driver.
 */
public final class Plugin {
    private static final String COOKIE = "b2e4a7c0-driver";
    private static final int MAX_MESSAGE = 4 << 20;

    public static void main(String[] args) throws Exception {
        if (!COOKIE.equals(System.getenv("ANYSMS_PLUGIN"))) {
            fail("This is a plugin for anysms. It is started by its host: {driver: plugin, path: /usr/bin/java, args: [-jar, acme.jar]}.");
        }
        String host = System.getenv("PLUGIN_CLIENT_CERT");
        if (host == null) {
            fail("Netty has no unix sockets without its native library, so this plugin listens on TCP, which needs tls: auto.");
        }
        exitWithHost();

        Tls tls = new Tls(host);
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(loopback, 0))
                .protocolNegotiator(tls)
                .maxInboundMessageSize(MAX_MESSAGE)
                .executor(Executors.newCachedThreadPool()) // a send blocks its thread
                .intercept(Protocol.CALL_METADATA)
                .addService(Protocol.driver(new Acme()))
                .addService(Protocol.health())
                .addService(Protocol.controller())
                .build()
                .start();
        System.out.printf("1|%d|tcp|127.0.0.1:%d|grpc|%s%n", Protocol.VERSION, server.getPort(),
                Base64.getEncoder().withoutPadding().encodeToString(tls.certificate.getEncoded()));
        System.out.flush();
        server.awaitTermination();
    }

    private static void fail(String message) {
        System.err.println(message);
        System.exit(1);
    }

    /** Exits when the host is gone: a host that was killed cannot stop its plugin. */
    private static void exitWithHost() {
        ProcessHandle.current().parent().ifPresent(
                host -> host.onExit().thenRun(() -> Runtime.getRuntime().halt(1)));
    }
}
