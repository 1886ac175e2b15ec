//! Users of one certificate, and names that look like something else.
