package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
)

// server is the plugin's side: it serves the protocol with a driver.
type server struct {
	driverv1.UnimplementedDriverServer
	driver provider.Driver

	mu      sync.RWMutex
	account provider.Provider // nil until Open
}

var errNotOpen = status.Error(codes.FailedPrecondition, "the account is not open")

// opened returns the account, or a status if the host has not opened it.
func (s *server) opened() (provider.Provider, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.account == nil {
		return nil, errNotOpen
	}
	return s.account, nil
}

func (s *server) Describe(context.Context, *driverv1.DescribeRequest) (*driverv1.DescribeResponse, error) {
	answer := &driverv1.DescribeResponse{
		Name:     toproto.Text(s.driver.Name),
		Doc:      toproto.Text(s.driver.Doc),
		Settings: toproto.Settings(s.driver.Settings),
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		answer.Version = build.Main.Version
	}
	return answer, nil
}

func (s *server) Open(ctx context.Context, r *driverv1.OpenRequest) (*driverv1.OpenResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account != nil {
		return nil, status.Error(codes.FailedPrecondition, "the account is already open")
	}
	account, err := s.open(ctx, r.GetSettings())
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return &driverv1.OpenResponse{ConfigError: configError(wrong)}, nil
	}
	if err != nil {
		return &driverv1.OpenResponse{Error: toproto.Error(err)}, nil
	}
	s.account = account
	return &driverv1.OpenResponse{Capabilities: toproto.Capabilities(account.Capabilities())}, nil
}

func configError(e *provider.ConfigError) *driverv1.ConfigError {
	return &driverv1.ConfigError{Path: toproto.Text(e.Path), Reason: toproto.Text(e.Reason)}
}

func (s *server) open(ctx context.Context, settings []byte) (account provider.Provider, err error) {
	defer guard(&err)
	account, err = s.driver.Open(ctx, json.RawMessage(settings))
	if err != nil {
		return nil, err
	}
	if err := provider.CheckCapabilities(account); err != nil {
		return nil, errors.Join(err, provider.Close(account))
	}
	return account, nil
}

func (s *server) Close(context.Context, *driverv1.CloseRequest) (*driverv1.CloseResponse, error) {
	s.mu.Lock()
	account := s.account
	s.account = nil
	s.mu.Unlock()
	if account == nil {
		return &driverv1.CloseResponse{}, nil
	}
	return &driverv1.CloseResponse{Error: toproto.Error(closeAccount(account))}, nil
}

func closeAccount(account provider.Provider) (err error) {
	defer guard(&err)
	return provider.Close(account)
}

func (s *server) Send(ctx context.Context, r *driverv1.SendRequest) (*driverv1.SendResponse, error) {
	account, err := s.opened()
	if err != nil {
		return nil, err
	}
	receipt, failure := sendOne(ctx, account, r.GetMessage())
	return &driverv1.SendResponse{Receipt: receipt, Error: failure}, nil
}

// sendOne makes one attempt and returns either a receipt or an error.
func sendOne(ctx context.Context, account provider.Provider, m *driverv1.Message) (*driverv1.Receipt, *driverv1.Error) {
	receipt, err := trySend(ctx, account, m)
	return answered(receipt, err)
}

func trySend(ctx context.Context, account provider.Provider, m *driverv1.Message) (receipt *provider.Receipt, err error) {
	defer guard(&err)
	message, err := fromproto.Message(m)
	if err != nil {
		return nil, err
	}
	return account.Send(ctx, message)
}

// Limits on what a vendor's own words may take up: in one receipt, and in one
// response as a whole.
const (
	maxReceiptRaw = maxMessage / 4
	maxRaw        = maxMessage / 2
)

// answered converts a driver's two return values. Without a receipt an error
// counts; if they break the contract, the outcome is unknown.
func answered(receipt *provider.Receipt, err error) (*driverv1.Receipt, *driverv1.Error) {
	if err != nil {
		receipt = nil
	}
	v := provider.Verdict{Receipt: receipt, Err: err}.Checked()
	if v.Err != nil {
		return nil, toproto.Error(v.Err)
	}
	answer := toproto.Receipt(v.Receipt)
	if len(answer.Raw) > maxReceiptRaw {
		answer.Raw = nil
	}
	return answer, nil
}

// fit removes the vendor's raw events if the list is too large with them.
func fit(events []*driverv1.Event) []*driverv1.Event {
	size := 0
	for _, e := range events {
		size += proto.Size(e) + frameSize
	}
	if size > maxRaw {
		for _, e := range events {
			e.Raw = nil
		}
	}
	return events
}
