package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// maxMessage bounds a gRPC message in either direction, as the protocol
// specifies.
const maxMessage = 4 << 20

// Metadata of unary calls.
const (
	timeoutKey        = "anysms-timeout"
	traceparentKey    = "traceparent"
	tracestateKey     = "tracestate"
	connectTimeoutKey = "anysms-connect-timeout"
)

// errNotHandedOver marks failures before the plugin could receive anything.
var errNotHandedOver = errors.New("not handed over to the plugin")

// line is the gRPC connection to one process. Unlike with a bare connection,
// its calls tell whether a failure came before anything was handed over: gRPC's
// status is the same for a plugin that died and one that was never there.
type line struct {
	*grpc.ClientConn
	timeout time.Duration // of a call without a deadline
	grace   time.Duration // after the caller's deadline
}

// Invoke makes a unary call in its three steps; if the first one fails, nothing
// was sent. gRPC ends the call a little after the caller's deadline, so that
// the plugin's result for that case still arrives.
func (l line) Invoke(ctx context.Context, method string, request, response any, opts ...grpc.CallOption) error {
	call, cancel := l.outgoing(ctx)
	defer cancel()
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				cancel()
			}
		})
		defer stop()
	}
	stream, err := l.NewStream(call, &grpc.StreamDesc{}, method, opts...)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotHandedOver, err)
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return stream.RecvMsg(response) // after io.EOF it has the status
}

// lineError converts a failed call's error to what it says about the message.
func lineError(ctx context.Context, err error) error {
	code := provider.Indeterminate
	if errors.Is(err, errNotHandedOver) {
		code = provider.Unavailable
	}
	if cause := context.Cause(ctx); cause != nil {
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

// traceContext is W3C Trace Context as the protocol transmits it.
type traceContext struct{ parent, state string }

// Get, Set and Keys implement propagation.TextMapCarrier.
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
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return t
	}
	propagation.TraceContext{}.Inject(ctx, &t)
	return t
}

func (t traceContext) into(ctx context.Context) context.Context {
	if t.parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, &t)
}

// outgoing is the context of a unary call. It does not end with the caller's
// context, which it has as metadata, but a little later. If the caller has no
// deadline, gRPC's own is enough.
func (l line) outgoing(ctx context.Context) (context.Context, context.CancelFunc) {
	var pairs []string
	end := time.Now().Add(l.timeout)
	if deadline, ok := ctx.Deadline(); ok {
		pairs = append(pairs, timeoutKey, milliseconds(max(1, time.Until(deadline))))
		end = deadline.Add(l.grace)
	}
	if d, ok := httpcall.ConnectTimeout(ctx); ok {
		pairs = append(pairs, connectTimeoutKey, milliseconds(d))
	}
	if t := traceOf(ctx); t.parent != "" {
		pairs = append(pairs, traceparentKey, t.parent, tracestateKey, t.state)
	}
	call := context.WithoutCancel(ctx)
	if len(pairs) > 0 {
		call = metadata.AppendToOutgoingContext(call, pairs...)
	}
	return context.WithDeadline(call, end)
}

// milliseconds rounds up: no time left is not the same as no limit.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)
}

// incoming is the plugin's side of outgoing.
func incoming(ctx context.Context) (context.Context, context.CancelFunc) {
	md, _ := metadata.FromIncomingContext(ctx)
	ctx = traceContext{parent: first(md, traceparentKey), state: first(md, tracestateKey)}.into(ctx)
	if d, ok := duration(md, connectTimeoutKey); ok {
		ctx = httpcall.WithConnectTimeout(ctx, d)
	}
	if d, ok := duration(md, timeoutKey); ok {
		return context.WithTimeout(ctx, d)
	}
	return ctx, func() {}
}

func duration(md metadata.MD, key string) (time.Duration, bool) {
	ms, err := strconv.ParseInt(first(md, key), 10, 32)
	return time.Duration(ms) * time.Millisecond, err == nil
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
