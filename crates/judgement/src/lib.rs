//! Pure computing for assessment: text features, classifiers, lexical index.
