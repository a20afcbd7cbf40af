import io.culvert.hook.ConnectionVerdict;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;

/** Three hooks that have nothing to object, for what asking them costs. */
public final class ThreeHooks implements Plugin<NoSettings> {
    @Override
    public String name() {
        return "three-hooks";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Class<NoSettings> settings() {
        return NoSettings.class;
    }

    @Override
    public Hooks start(NoSettings settings, Host host) {
        return Hooks.none()
                .flow(request -> FlowVerdict.accept())
                .connection(request -> ConnectionVerdict.accept())
                .egress(request -> request.proposed());
    }
}
