package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// maxMessage bounds a gRPC message in either direction; the protocol fixes it.
const maxMessage = 4 << 20

// Metadata of unary calls.
const (
	traceparentKey    = "traceparent"
	tracestateKey     = "tracestate"
	connectTimeoutKey = "anysms-connect-timeout"
)

// errNotHandedOver marks what failed before the plugin could get anything.
var errNotHandedOver = errors.New("not handed over to the plugin")

// line is the gRPC connection to one process. Unlike a bare connection's, its
// calls tell whether a failure came before anything was handed over: the status
// is the same for a plugin that died and one that never was there.
type line struct{ *grpc.ClientConn }

// Invoke is a unary call in its three steps, of which the first proves that
// nothing was sent if it fails.
func (l line) Invoke(ctx context.Context, method string, request, response any, opts ...grpc.CallOption) error {
	stream, err := l.NewStream(ctx, &grpc.StreamDesc{}, method, opts...)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotHandedOver, err)
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return stream.RecvMsg(response) // after io.EOF it has the status
}

// lineError is what a broken call says about the message.
func lineError(ctx context.Context, err error) error {
	code := provider.Indeterminate
	if errors.Is(err, errNotHandedOver) {
		code = provider.Unavailable
	}
	if cause := causeOf(ctx, err); cause != nil {
		return &provider.Error{Code: code, Err: cause}
	}
	if s, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		err = errors.New(s.GRPCStatus().Message())
	}
	return &provider.Error{Code: code, Err: fmt.Errorf("plugin: %w", err)}
}

// causeOf is why the context ended. The plugin's clock of a call may run out a
// moment before ours; then that moment is waited for.
func causeOf(ctx context.Context, err error) error {
	if code := status.Code(err); code == codes.Canceled || code == codes.DeadlineExceeded {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < clockSkew {
			<-ctx.Done()
		}
	}
	return context.Cause(ctx)
}

const clockSkew = 50 * time.Millisecond

// traceContext is W3C Trace Context as the protocol carries it.
type traceContext struct{ parent, state string }

// Get, Set and Keys make it a propagation.TextMapCarrier.
func (t *traceContext) Get(key string) string {
	switch key {
	case traceparentKey:
		return t.parent
	case tracestateKey:
		return t.state
	}
	return ""
}

func (t *traceContext) Set(key, value string) {
	switch key {
	case traceparentKey:
		t.parent = value
	case tracestateKey:
		t.state = value
	}
}

func (t *traceContext) Keys() []string { return []string{traceparentKey, tracestateKey} }

func traceOf(ctx context.Context) (t traceContext) {
	propagation.TraceContext{}.Inject(ctx, &t)
	return t
}

func (t traceContext) into(ctx context.Context) context.Context {
	if t.parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, &t)
}

// outgoing puts what the context says into a unary call's metadata.
func outgoing(ctx context.Context) context.Context {
	var pairs []string
	if t := traceOf(ctx); t.parent != "" {
		pairs = append(pairs, traceparentKey, t.parent, tracestateKey, t.state)
	}
	if d, ok := wire.ConnectTimeout(ctx); ok {
		pairs = append(pairs, connectTimeoutKey, strconv.FormatInt(d.Milliseconds(), 10))
	}
	if len(pairs) == 0 {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// incoming is the plugin's side of outgoing.
func incoming(ctx context.Context) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	ctx = traceContext{parent: first(md, traceparentKey), state: first(md, tracestateKey)}.into(ctx)
	if ms, err := strconv.ParseInt(first(md, connectTimeoutKey), 10, 32); err == nil {
		ctx = wire.WithConnectTimeout(ctx, time.Duration(ms)*time.Millisecond)
	}
	return ctx
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
