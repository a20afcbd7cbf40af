package com.example.formscan;

import io.culvert.hook.BodyVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Plugin;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.Setting;

import java.util.List;
import java.util.Optional;

/** Refuses forms that hold certain words or files, read as they pass. */
public final class FormScanPlugin implements Plugin<FormScanPlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting("Words that no field may hold, in whatever case") List<String> words,
            @Setting("What no file's name may end with, in whatever case") List<String> endings,
            @Setting(value = "Fields and files of a form, at most", defaultValue = "1000")
                    int fields,
            @Setting(value = "Bytes of a file, at most", defaultValue = "104857600") long file) {}

    @Override
    public String name() {
        return "form-scan";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "A scanner of forms";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) {
        return Hooks.none().http(HttpFilter.ALL, new Scanner(settings));
    }

    private record Scanner(Settings settings) implements HttpHook {
        @Override
        public RequestVerdict request(HttpRequest request) {
            List<String> types =
                    request.fields().list().stream()
                            .filter(field -> field.name().equalsIgnoreCase("content-type"))
                            .map(HttpFields.Field::value)
                            .toList();
            if (types.isEmpty()) {
                return RequestVerdict.pass();
            }
            if (types.size() > 1) {
                return RequestVerdict.refuse("the request is of two types");
            }
            boolean coded =
                    request.fields()
                            .first("content-encoding")
                            .filter(coding -> !coding.equalsIgnoreCase("identity"))
                            .isPresent();
            try {
                Optional<Form> form = form(ContentType.parse(types.getFirst()));
                if (form.isEmpty()) {
                    return RequestVerdict.pass();
                }
                return coded
                        ? RequestVerdict.refuse("a form that is compressed cannot be read")
                        : RequestVerdict.pass().watch(HttpStage.REQUEST_BODY).with(form.get());
            } catch (FormException wrong) {
                return RequestVerdict.refuse(wrong.getMessage());
            }
        }

        private Optional<Form> form(ContentType type) throws FormException {
            Rules rules = new Rules(settings);
            return switch (type.name()) {
                case "application/x-www-form-urlencoded" ->
                        Optional.of(new Form(new EncodedForm(rules)));
                case "multipart/form-data" ->
                        Optional.of(new Form(new MultipartForm(type.parameter("boundary"), rules)));
                default -> Optional.empty();
            };
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            return request.context().get(Form.class).orElseThrow().read(piece, last);
        }
    }

    /**
     * A form as it comes in, in the request's context: nothing has to be cleared away at the end.
     */
    private static final class Form {
        private final FormReader reader;

        Form(FormReader reader) {
            this.reader = reader;
        }

        /** Called for one piece after the other, each time by another thread. */
        synchronized BodyVerdict read(byte[] piece, boolean last) {
            try {
                reader.read(piece);
                if (last) {
                    reader.end();
                }
                return BodyVerdict.pass();
            } catch (FormException wrong) {
                return BodyVerdict.refuse(wrong.getMessage());
            }
        }
    }
}
