import anysms.driver.v1.DriverOuterClass.CloseRequest;
import anysms.driver.v1.DriverOuterClass.CloseResponse;
import anysms.driver.v1.DriverOuterClass.DescribeRequest;
import anysms.driver.v1.DriverOuterClass.DescribeResponse;
import anysms.driver.v1.DriverOuterClass.OpenRequest;
import anysms.driver.v1.DriverOuterClass.OpenResponse;
import anysms.driver.v1.DriverOuterClass.SendRequest;
import anysms.driver.v1.DriverOuterClass.SendResponse;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The services of a plugin: the driver's, gRPC's health service and go-plugin's controller. */
final class Protocol {
    static final int VERSION = 1;

    /** What a driver implements: the four methods that every plugin must have. */
    interface Driver {
        DescribeResponse describe(DescribeRequest request);

        OpenResponse open(OpenRequest request);

        SendResponse send(SendRequest request);

        CloseResponse close(CloseRequest request);
    }

    private static final Context.Key<Metadata> METADATA = Context.key("metadata");

    /** Makes a call's metadata available to {@link #milliseconds}. */
    static final ServerInterceptor CALL_METADATA = new ServerInterceptor() {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            return Contexts.interceptCall(Context.current().withValue(METADATA, headers), call, headers, next);
        }
    };

    /** A number in the metadata of the current call, or what is given if it is absent. */
    static long milliseconds(String name, long otherwise) {
        String value = METADATA.get().get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        return value == null ? otherwise : Long.parseLong(value);
    }

    static ServerServiceDefinition driver(Driver driver) {
        return new Service("anysms.driver.v1.Driver")
                .method("Describe", DescribeRequest.getDefaultInstance(), DescribeResponse.getDefaultInstance(), driver::describe)
                .method("Open", OpenRequest.getDefaultInstance(), OpenResponse.getDefaultInstance(), driver::open)
                .method("Send", SendRequest.getDefaultInstance(), SendResponse.getDefaultInstance(), driver::send)
                .method("Close", CloseRequest.getDefaultInstance(), CloseResponse.getDefaultInstance(), driver::close)
                .definition();
    }

    static ServerServiceDefinition health() {
        UnknownFieldSet.Field one = UnknownFieldSet.Field.newBuilder().addVarint(1).build();
        Empty serving = Empty.newBuilder() // HealthCheckResponse{status: SERVING}
                .setUnknownFields(UnknownFieldSet.newBuilder().addField(1, one).build())
                .build();
        return new Service("grpc.health.v1.Health").method("Check", Empty.getDefaultInstance(), serving, request -> serving).definition();
    }

    static ServerServiceDefinition controller() {
        Empty empty = Empty.getDefaultInstance();
        return new Service("plugin.GRPCController").method("Shutdown", empty, empty, request -> {
            CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS).execute(() -> Runtime.getRuntime().halt(0));
            return empty;
        }).definition();
    }

    /** A service of unary methods. */
    private static final class Service {
        private final String name;
        private final ServerServiceDefinition.Builder builder;

        Service(String name) {
            this.name = name;
            builder = ServerServiceDefinition.builder(name);
        }

        <Q extends Message, R extends Message> Service method(String method, Q request, R response, Function<Q, R> respond) {
            MethodDescriptor<Q, R> descriptor = MethodDescriptor.<Q, R>newBuilder()
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName(MethodDescriptor.generateFullMethodName(name, method))
                    .setRequestMarshaller(ProtoUtils.marshaller(request))
                    .setResponseMarshaller(ProtoUtils.marshaller(response))
                    .build();
            builder.addMethod(descriptor, ServerCalls.asyncUnaryCall((received, observer) -> {
                observer.onNext(respond.apply(received));
                observer.onCompleted();
            }));
            return this;
        }

        ServerServiceDefinition definition() {
            return builder.build();
        }
    }

    private Protocol() {}
}
