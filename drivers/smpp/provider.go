package smpp

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// Provider sends through one account at one SMSC. It is safe for concurrent
// use.
type Provider struct {
	settings *settings
	client   *client
	ref      atomic.Uint32 // of the last message of several segments

	listening sync.Mutex // held by Listen
	listener  atomic.Pointer[listener]
	late      lateEvents
	known     known
	joiner    joiner
}

// New makes a Provider. It does no I/O: the first call connects. A bad setting
// is a *provider.ConfigError.
func New(config Config) (*Provider, error) {
	s, err := config.parse()
	if err != nil {
		return nil, err
	}
	p := &Provider{settings: s, late: newLateEvents()}
	p.ref.Store(rand.Uint32())
	p.client = &client{settings: s, pool: newPool(s, p.deliver)}
	return p, nil
}

// String describes the provider without its password.
func (p *Provider) String() string { return "smpp provider at " + p.settings.Address }

// GoString redacts like String.
func (p *Provider) GoString() string { return p.String() }

// LogValue redacts like String.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Close lets what is under way finish, for at most the timeout, and unbinds.
// Sends after it are provider.Unavailable.
func (p *Provider) Close() error {
	p.client.pool.close()
	return nil
}

// Capabilities says what the settings allow.
func (p *Provider) Capabilities() provider.Capabilities {
	features := provider.HasEvents | provider.HasCheck | provider.CanChooseSender
	for _, optional := range []struct {
		on  bool
		bit provider.Feature
	}{
		{!p.settings.IgnoresValidity, provider.CanSetValidity},
		{p.settings.Schedule, provider.CanSchedule},
		{p.settings.Query, provider.HasStatus},
		{p.settings.Cancel, provider.HasCancel},
	} {
		if optional.on {
			features |= optional.bit
		}
	}
	return provider.Capabilities{Features: features}
}

// Send submits the message, one submit_sm for each segment. It is accepted when
// all of them are.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	submits, err := p.submits(m)
	if err != nil {
		return nil, err
	}
	ids, err := p.sendSegments(ctx, m, submits)
	if err != nil {
		return nil, err
	}
	return &provider.Receipt{ID: p.remember(ids, len(submits), p.ownSender(m))}, nil
}

// ownSender returns the sender of a message that may be asked for, if it is not the
// account's own.
func (p *Provider) ownSender(m *provider.Message) string {
	if m.From == p.settings.Sender || !p.settings.Query && !p.settings.Cancel {
		return ""
	}
	return m.From
}

// remember makes the Receipt.ID of a message of so many segments, the first of which
// have been accepted, and remembers it for reports.
func (p *Provider) remember(ids []string, of int, sender string) string {
	all := make([]string, of)
	copy(all, ids)
	id := provider.TagID(provider.JoinSegmentIDs(all), sender)
	p.known.add(id, ids, of)
	return id
}

// submits converts a message to the requests that carry it.
func (p *Provider) submits(m *provider.Message) ([]*wire.Message, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	extra, err := m.ExtraOf(driverName, extraDLTEntity, extraDLTTemplate, extraServiceType)
	if err != nil {
		return nil, err
	}
	base, err := p.settings.envelope(m, extra)
	if err != nil {
		return nil, err
	}
	parts, err := p.settings.split.parts(m.Text, uint16(p.ref.Add(1)))
	if err != nil {
		return nil, err
	}
	common := p.settings.parameters(extra)
	submits := make([]*wire.Message, len(parts))
	for i, part := range parts {
		submit := *base
		submit.DataCoding, submit.ShortMessage = part.coding, part.octets
		if part.header {
			submit.ESMClass |= wire.ESMClassUDHI
		}
		submit.TLVs = append(part.tlvs, common...)
		submits[i] = &submit
	}
	return submits, nil
}

// envelope is what the segments of a message have in common.
func (s *settings) envelope(m *provider.Message, extra map[string]string) (*wire.Message, error) {
	source, err := s.source(m.From)
	if err != nil {
		return nil, err
	}
	validity, err := s.validity(m.Validity)
	if err != nil {
		return nil, err
	}
	schedule, err := s.schedule(m.SendAt)
	if err != nil {
		return nil, err
	}
	if schedule != "" && !s.Schedule {
		return nil, provider.NewError(provider.Unsupported, "the setting schedule does not say that the SMSC can send later")
	}
	if validity != "" && s.IgnoresValidity {
		return nil, provider.NewError(provider.Unsupported, "the SMSC does not use validity_period")
	}
	serviceType := s.ServiceType
	if own := extra[extraServiceType]; own != "" {
		if len(own) > 5 {
			return nil, provider.NewError(provider.Unsupported, "the extra smpp.service_type has more than 5 characters")
		}
		serviceType = own
	}
	return &wire.Message{
		ServiceType: serviceType, Source: source, Dest: s.address(formRecipient, m.To.Digits()),
		Schedule: schedule, Validity: validity, RegisteredDelivery: registeredDelivery[s.Reports],
	}, nil
}

// Check tests a connection with enquire_link; the bind before it shows whether
// the credentials are valid.
func (p *Provider) Check(ctx context.Context) error { return p.client.check(ctx) }

// Cancel withdraws a message that the SMSC has not delivered, all of its
// segments, by cancel_sm with the message's sender.
func (p *Provider) Cancel(ctx context.Context, id string) error {
	sender, err := p.senderOf(id)
	if err != nil {
		return err
	}
	for _, segment := range acceptedOf(id) {
		if err := p.client.cancel(ctx, segment, sender); err != nil {
			return err
		}
	}
	return nil
}

// senderOf returns the source address of a message, which query_sm and cancel_sm
// must repeat: the account's own, unless the id has another.
func (p *Provider) senderOf(id string) (wire.Address, error) {
	return p.settings.source(provider.IDTag(id))
}

// acceptedOf returns the ids of the segments that the SMSC has accepted.
func acceptedOf(id string) []string {
	return slices.DeleteFunc(provider.SegmentIDs(id), func(id string) bool { return id == "" })
}

var (
	_ provider.Provider     = (*Provider)(nil)
	_ provider.StatusReader = (*Provider)(nil)
	_ provider.Canceller    = (*Provider)(nil)
	_ provider.EventSource  = (*Provider)(nil)
	_ provider.Checker      = (*Provider)(nil)
	_ io.Closer             = (*Provider)(nil)
)
