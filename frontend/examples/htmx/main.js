import "htmx.org";
import "taskbeam/element";
