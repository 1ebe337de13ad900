package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/provider"
)

// SetCallbackURL implements [provider.CallbackRequester], if the plugin does. A process
// that is started later gets the URL too.
func (p *Provider) SetCallbackURL(address string) error {
	p.callbacks.Lock()
	defer p.callbacks.Unlock()
	p.callbackURL = address
	ctx, cancel := context.WithTimeoutCause(p.life, p.config.Timeout.Or(DefaultTimeout), errTimeout)
	defer cancel()
	proc, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer proc.gate.Leave()
	taken, err := proc.setCallbackURL(ctx, address)
	switch {
	case err != nil:
		return p.hide(err)
	case !taken:
		return fmt.Errorf("the callback URL: %w by this plugin; enter it in the vendor's console", errors.ErrUnsupported)
	}
	return nil
}

// setCallbackURL hands the URL to the plugin, and reports whether it has a use for it.
func (p *process) setCallbackURL(ctx context.Context, address string) (taken bool, err error) {
	p.child.out.hideToo(secretsOf(address)...)
	answer, err := p.driver.SetCallbackURL(ctx, &driverv1.SetCallbackURLRequest{Url: address})
	switch {
	case status.Code(err) == codes.Unimplemented:
		return false, nil
	case err != nil:
		return false, lineError(ctx, err)
	case answer.GetConfigError() != nil:
		return false, &provider.ConfigError{Path: answer.GetConfigError().GetPath(), Reason: answer.GetConfigError().GetReason()}
	}
	return answer.GetTaken(), fromproto.Error(answer.GetError())
}

// secretsOf returns what of a callback URL must not be shown: its last part is a token.
func secretsOf(address string) []provider.Secret {
	list := []provider.Secret{provider.Secret(address)}
	if u, err := url.Parse(address); err == nil {
		list = append(list, provider.Secret(path.Base(u.Path)))
	}
	return list
}

// renew hands the callback URL to a process that was started after it was set. What the
// plugin has against the URL was said when it was set.
func (p *Provider) renew(ctx context.Context, proc *process) error {
	if p.callbackURL == "" {
		return nil
	}
	_, err := proc.setCallbackURL(ctx, p.callbackURL)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		p.config.logger().Warn("plugin does not take the callback URL", "reason", proc.child.out.hide(err.Error()))
	}
	return nil
}

// SetCallbackURL is the plugin's side of it.
func (s *server) SetCallbackURL(_ context.Context, r *driverv1.SetCallbackURLRequest) (*driverv1.SetCallbackURLResponse, error) {
	var wrong *provider.ConfigError
	taken, failure, err := call(s, func(account provider.Provider) (bool, error) {
		requester, ok := provider.As[provider.CallbackRequester](account)
		if !ok {
			return false, nil
		}
		err := requester.SetCallbackURL(r.GetUrl())
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return false, nil
		case errors.As(err, &wrong):
			return false, nil
		}
		return err == nil, err
	})
	answer := &driverv1.SetCallbackURLResponse{Taken: taken, Error: failure}
	if wrong != nil {
		answer.ConfigError = configError(wrong)
	}
	return answer, err
}
