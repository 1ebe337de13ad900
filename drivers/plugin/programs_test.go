package plugin_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// programs are the plugins of these tests.
var programs = map[string]func(){
	"memory": func() { plugin.Serve(memory.Driver) },
	"apifon": func() { plugin.Serve(apifon.Driver) },
	"smpp":   func() { plugin.Serve(smpp.Driver) },
	"odd":    func() { plugin.Serve(oddDriver) },
	"bare":   serveBare,
	"liar":   func() { serveLiar(1) },
	"newer":  func() { serveLiar(2) },
	"both":   func() { serveLiar(1, 2) },

	"stubborn": func() { serveLiar(1); time.Sleep(time.Hour) },
	"silent":   func() { time.Sleep(time.Hour) },
	"dead":     func() { fmt.Fprintln(os.Stderr, "no licence for +306900000001"); os.Exit(3) },
	"wordy":    exitWithFullPipe,
	"garbage":  func() { fmt.Println("Hello, World!"); time.Sleep(time.Hour) },
	"endless":  func() { fmt.Print(strings.Repeat("x", 1<<20)); time.Sleep(time.Hour) },
	"nocert":   func() { os.Unsetenv("PLUGIN_CLIENT_CERT"); plugin.Serve(oddDriver) },
	"outside":  func() { os.Unsetenv("PLUGIN_UNIX_SOCKET_DIR"); plugin.Serve(oddDriver) },
	"open":     listenEverywhere,
}

// exitWithFullPipe leaves behind nearly all that a pipe holds, the last line
// without its end.
func exitWithFullPipe() {
	for range 150 {
		fmt.Fprintln(os.Stderr, strings.Repeat("x", 400))
	}
	fmt.Fprint(os.Stderr, "the licence has expired")
	os.Exit(3)
}

// listenEverywhere greets with an address that others can reach.
func listenEverywhere() {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|1|tcp|%s|grpc|%s\n", l.Addr(), "")
	time.Sleep(time.Hour)
}

// oddConfig is what the odd driver can be told.
type oddConfig struct {
	URL    string          `json:"url" doc:"where Send posts to"`
	Token  provider.Secret `json:"token" doc:"a credential"`
	Banner string          `json:"banner" doc:"written to standard error at the start"`
	Grow   string          `json:"grow" doc:"a file; once it is there, the account can do more"`
	Boast  bool            `json:"boast" doc:"sets a capability without its method"`
}

var oddDriver = provider.NewDriver("odd", "Does what the text says.", newOdd)

type odd struct {
	config  oddConfig
	client  *httpcall.Client
	waiting atomic.Int64

	callbackURL atomic.Pointer[string]
}

// SetCallbackURL takes an https URL, and says too much.
func (o *odd) SetCallbackURL(url string) error {
	fmt.Fprintln(os.Stderr, "reports go to", url)
	switch {
	case !strings.HasPrefix(url, "https://"):
		return fmt.Errorf("%s begins with http", url)
	case o.config.Token == "":
		return provider.ConfigErrorf("token", "must be set: without it anybody could send reports")
	}
	o.callbackURL.Store(&url)
	return nil
}

func newOdd(c oddConfig) (*odd, error) {
	if c.Token == "bad" {
		return nil, provider.ConfigErrorf("token", "must not be bad")
	}
	if c.Token == "s3cr3t/of+acme" && c.Boast {
		return nil, (&odd{config: c}).indiscreet("")
	}
	if c.Token == "bad s3cr3t" {
		return nil, provider.ConfigErrorf("token", "%s is bad", c.Token.Reveal())
	}
	if c.Token == "explode" {
		panic("boom")
	}
	fmt.Fprint(os.Stderr, c.Banner)
	o := &odd{config: c}
	if c.URL == "" {
		return o, nil
	}
	var err error
	o.client, err = httpcall.New(httpcall.Config{BaseURL: c.URL})
	return o, err
}

func (o *odd) Capabilities() provider.Capabilities {
	caps := provider.Capabilities{Features: provider.HasStatus | provider.HasBatch | provider.HasCheck | provider.HasEvents, MaxBatch: 1000}
	if o.config.Boast {
		caps.Features |= provider.HasBalance
	}
	if _, err := os.Stat(o.config.Grow); err == nil {
		caps.Features |= provider.CanSchedule
	}
	return caps
}

func (o *odd) Status(ctx context.Context, id string) (*provider.Event, error) {
	if id == "hang" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, nil // breaks the contract
}

// Listen reports the process's number once, repeats it until it is taken, and
// then breaks if the banner says so.
func (o *odd) Listen(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	for handle(ctx, []provider.Event{{Kind: provider.Report, ID: strconv.Itoa(os.Getpid()), Status: provider.StatusDelivered, Raw: json.RawMessage(`{}`)}}) != nil {
		if ctx.Err() != nil {
			return nil
		}
	}
	switch o.config.Banner {
	case "listening fails":
		return provider.NewError(provider.Unauthenticated, "wrong password")
	case "listening panics":
		panic("at the vendor's")
	}
	<-ctx.Done()
	return nil
}

// indiscreet writes all that it knows into an error, and to standard error.
func (o *odd) indiscreet(text string) error {
	token := o.config.Token.Reveal()
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + token))
	fmt.Fprintf(os.Stderr, "token %s, basic %s, query %s\n", token, basic, url.QueryEscape(token))
	return &provider.Error{
		Code: provider.Rejected, VendorCode: "21408", VendorMessage: fmt.Sprintf("Text '%s' to +30 (690) 000-0001 with %s", strings.ToUpper(text), token),
		Err: fmt.Errorf("Authorization: Basic %s, %s: %w", basic, url.QueryEscape(token), context.DeadlineExceeded),
	}
}

func (o *odd) Check(context.Context) error { return o.indiscreet("") }

func (o *odd) SendBatch(_ context.Context, ms []*provider.Message) []provider.Verdict {
	if strings.HasPrefix(ms[0].Text, "Repeat") {
		return slices.Repeat([]provider.Verdict{{Err: o.indiscreet(ms[0].Text)}}, len(ms))
	}
	return make([]provider.Verdict, len(ms)/2)
}

func (o *odd) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if strings.HasPrefix(m.Text, "Repeat") {
		return nil, o.indiscreet(m.Text)
	}
	switch m.Text {
	case "callbacks":
		if url := o.callbackURL.Load(); url != nil {
			return &provider.Receipt{ID: *url + "?anysms_attempt=" + m.Attempt}, nil
		}
		return &provider.Receipt{ID: "none"}, nil
	case "pid":
		return &provider.Receipt{ID: strconv.Itoa(os.Getpid())}, nil
	case "post":
		if _, err := o.client.Do(ctx, httpcall.Form(http.MethodPost, "/", nil)); err != nil {
			return nil, err
		}
		return &provider.Receipt{ID: "posted"}, nil
	case "context":
		return &provider.Receipt{ID: describeContext(ctx)}, nil
	case "environment":
		return &provider.Receipt{ID: strings.Join(os.Environ(), "\n") + "\n" + strings.Join(os.Args[1:], " ")}, nil
	case "stdin":
		n, err := os.Stdin.Read(make([]byte, 1))
		return &provider.Receipt{ID: fmt.Sprint(n, err)}, nil
	case "waiting":
		return &provider.Receipt{ID: strconv.FormatInt(o.waiting.Load(), 10)}, nil
	case "wait":
		o.waiting.Add(1)
		<-ctx.Done()
		return nil, &provider.Error{Code: provider.Unavailable, Err: ctx.Err()}
	case "hang":
		o.waiting.Add(1)
		select {}
	case "panic":
		panic("at the vendor's")
	case "nothing":
		return nil, nil
	case "bytes":
		return &provider.Receipt{ID: "a\xffb"}, nil
	case "large":
		return &provider.Receipt{ID: "large", Raw: json.RawMessage(`"` + strings.Repeat("x", 5<<20) + `"`)}, nil
	case "flood":
		for i := range 100_000 {
			fmt.Fprintf(os.Stderr, "line %d: token is %s, to +306900000001\n", i, o.config.Token.Reveal())
		}
	case "long":
		fmt.Fprintln(os.Stderr, strings.Repeat("long ", 1<<20))
	case "child":
		return leaveChild()
	}
	return &provider.Receipt{ID: "ok"}, nil
}

// leaveChild starts a process that would outlive the plugin and holds its
// outputs.
func leaveChild() (*provider.Receipt, error) {
	p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{Files: []*os.File{nil, os.NewFile(1, ""), os.NewFile(2, "")}})
	if err != nil {
		return nil, err
	}
	return &provider.Receipt{ID: strconv.Itoa(p.Pid)}, nil
}

func describeContext(ctx context.Context) string {
	deadline, _ := ctx.Deadline()
	connect, _ := httpcall.ConnectTimeout(ctx)
	return fmt.Sprintf("%s %s %s %s", time.Until(deadline).Round(time.Minute), connect,
		trace.SpanContextFromContext(ctx).TraceID(), trace.SpanContextFromContext(ctx).TraceState())
}

// serveLiar serves a plugin that does the handshake correctly and sends wrong responses.
func serveLiar(protocols ...int) {
	versions := make(map[int]goplugin.PluginSet)
	for _, v := range protocols {
		versions[v] = goplugin.PluginSet{"driver": liarPlugin{}}
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: "ANYSMS_PLUGIN", MagicCookieValue: os.Getenv("ANYSMS_PLUGIN")},
		VersionedPlugins: versions,
		GRPCServer:       goplugin.DefaultGRPCServer,
	})
}

type liarPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (liarPlugin) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	driverv1.RegisterDriverServer(s, &liar{})
	return nil
}

func (liarPlugin) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}

// liar responds with what the protocol does not allow, and what a later version
// might.
type liar struct {
	driverv1.UnimplementedDriverServer
}

func (*liar) Describe(context.Context, *driverv1.DescribeRequest) (*driverv1.DescribeResponse, error) {
	answer := &driverv1.DescribeResponse{Name: "liar"}
	withUnknownField(answer.ProtoReflect().SetUnknown)
	return answer, nil
}

func (l *liar) Open(_ context.Context, r *driverv1.OpenRequest) (*driverv1.OpenResponse, error) {
	if string(r.GetSettings()) == `"nothing"` {
		return &driverv1.OpenResponse{}, nil
	}
	caps := &driverv1.Capabilities{
		Features: []driverv1.Feature{
			driverv1.Feature_FEATURE_STATUS, driverv1.Feature_FEATURE_CALLBACKS, driverv1.Feature_FEATURE_VERIFY,
			driverv1.Feature_FEATURE_BALANCE, driverv1.Feature_FEATURE_QUOTE, driverv1.Feature_FEATURE_BATCH, 99,
		},
		MaxBatch: 10, MaxSegments: -3,
	}
	if string(r.GetSettings()) == `"stream"` {
		caps.Features = append(caps.Features, driverv1.Feature_FEATURE_SEND_STREAM)
	}
	return &driverv1.OpenResponse{Capabilities: caps}, nil
}

func (*liar) Close(context.Context, *driverv1.CloseRequest) (*driverv1.CloseResponse, error) {
	return &driverv1.CloseResponse{}, nil
}

func (*liar) Send(_ context.Context, r *driverv1.SendRequest) (*driverv1.SendResponse, error) {
	return lie(r.GetMessage().GetText()), nil
}

func lie(text string) *driverv1.SendResponse {
	switch text {
	case "empty":
		return &driverv1.SendResponse{}
	case "both":
		return &driverv1.SendResponse{Receipt: &driverv1.Receipt{Id: "x"}, Error: &driverv1.Error{Code: driverv1.Code_CODE_UNAVAILABLE}}
	case "new code":
		return &driverv1.SendResponse{Error: &driverv1.Error{Code: 77, VendorCode: "v"}}
	case "no code":
		return &driverv1.SendResponse{Error: &driverv1.Error{Message: "something"}}
	case "not json":
		return &driverv1.SendResponse{Receipt: &driverv1.Receipt{Id: "x", Segments: -1, Raw: []byte("<html>")}}
	case "oversize":
		return &driverv1.SendResponse{Receipt: &driverv1.Receipt{Id: strings.Repeat("x", 5<<20)}}
	}
	receipt := &driverv1.Receipt{Id: "newer"}
	withUnknownField(receipt.ProtoReflect().SetUnknown)
	return &driverv1.SendResponse{Receipt: receipt}
}

// withUnknownField adds what a later version of the protocol might have.
func withUnknownField[F ~func(U), U ~[]byte](set F) {
	set(U(protowire.AppendString(protowire.AppendTag(nil, 1000, protowire.BytesType), "later")))
}

func (*liar) SendStream(stream grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, call := range request.GetCalls() {
			lie := lie(call.GetMessage().GetText())
			answers := []*driverv1.StreamAnswer{{Id: call.GetId(), Receipt: lie.Receipt, Error: lie.Error}}
			switch call.GetMessage().GetText() {
			case "end":
				return nil
			case "unasked":
				answers = append(answers, &driverv1.StreamAnswer{Id: 1 << 60, Receipt: &driverv1.Receipt{Id: "nobody's"}})
			case "twice":
				answers = append(answers, answers...)
			}
			if err := stream.Send(&driverv1.SendStreamResponse{Answers: answers}); err != nil {
				return err
			}
		}
	}
}

func (*liar) SendBatch(context.Context, *driverv1.SendBatchRequest) (*driverv1.SendBatchResponse, error) {
	return &driverv1.SendBatchResponse{Verdicts: []*driverv1.SendResponse{{}}}, nil
}

func (*liar) Status(context.Context, *driverv1.StatusRequest) (*driverv1.StatusResponse, error) {
	return &driverv1.StatusResponse{Event: &driverv1.Event{Kind: driverv1.EventKind_EVENT_KIND_REPORT, Status: 55, Code: 66}}, nil
}

func (*liar) Balance(context.Context, *driverv1.BalanceRequest) (*driverv1.BalanceResponse, error) {
	return &driverv1.BalanceResponse{}, nil
}

func (*liar) Quote(context.Context, *driverv1.QuoteRequest) (*driverv1.QuoteResponse, error) {
	return &driverv1.QuoteResponse{}, nil
}

func (*liar) CheckVerification(context.Context, *driverv1.CheckVerificationRequest) (*driverv1.CheckVerificationResponse, error) {
	return &driverv1.CheckVerificationResponse{}, nil
}

func (*liar) ParseCallback(context.Context, *driverv1.ParseCallbackRequest) (*driverv1.ParseCallbackResponse, error) {
	return &driverv1.ParseCallbackResponse{Events: []*driverv1.Event{
		{Kind: driverv1.EventKind_EVENT_KIND_REPORT, Status: driverv1.Status_STATUS_SENT}, {Kind: 9},
	}}, nil
}
