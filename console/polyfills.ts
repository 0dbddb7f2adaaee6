// What Chrome 88 of the offices lacks; the tests look at every page without it.
import 'core-js/es/array/at';
import 'core-js/es/array/to-reversed';
import 'core-js/es/array/to-sorted';
import 'core-js/es/map/group-by';
import 'core-js/es/object/has-own';
